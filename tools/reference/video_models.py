"""Tiny autoencoders of Wan and Qwen-Image for one frame, with diffusers' own encode and decode as goldens.

video-models/<name>/ holds config.json, diffusion_pytorch_model.safetensors and one or more golden*.safetensors. Pictures
have no axis of time in them: it is added before and taken away after.
  pixels             [N, C, H, W] in [-1, 1]
  parameters         [N, 2 * z_dim, h, w]: what the encoder gives, before the posterior
  latents            [N, z_dim, h, w]: standard normal, not from the encoder
  sample             the decoded `latents`, which is clamped
  normalized, denormalized   `latents` as pipelines rescale them
  tiled_parameters, tiled_sample   the same with enable_tiling() at the manifest's tiles

video-models/files/ holds the weights of qwen-image-alpha as others keep them: original.safetensors under Wan's own names,
two_dimensional.safetensors with the kernels that one frame meets. names.json gives diffusers' name of each original name, for
the layouts of Wan 2.1 (which diffusers' own conversion confirms) and Wan 2.2.
"""
import math
import re
import shutil

import torch
from diffusers import AutoencoderKLQwenImage, AutoencoderKLQwenImage21, AutoencoderKLWan

from diffusers.loaders.single_file_utils import convert_wan_vae_to_diffusers

from common import FIXTURES, generator, relative, write_json, write_tensors


def config(channels: int, **overrides: object) -> dict[str, object]:
    """A small network, changed by `overrides`, with statistics for each of its latent channels."""
    statistics = dict(
        latents_mean=[round(0.5 * (-1) ** i * (i + 1), 2) for i in range(channels)],
        latents_std=[round(1.25 + 0.5 * i, 2) for i in range(channels)],
    )
    return dict(base_dim=2, z_dim=channels, num_res_blocks=1, **statistics) | overrides


THREE_LEVELS = dict(dim_mult=[1, 2, 4], temperal_downsample=[False, True])
RGBA = dict(in_channels=4, out_channels=4)
PATCHES = dict(in_channels=12, out_channels=12, patch_size=2, is_residual=True)
# A tile and the distance to the next, in what the network sees as pixels.
TILES = (32, 24)

# name, what it covers, class, config, goldens as (file stem, pixel shape without channels, tiled)
CASES = [
    ("qwen-image", "three levels, 37x51 pixels, which the encoder floors, a batch of two", AutoencoderKLQwenImage,
     config(4, base_dim=4, **THREE_LEVELS), [("golden", (2, 37, 51), False), ("golden-tiled", (1, 60, 44), True)]),
    ("qwen-image-alpha", "four channels, two blocks in each level, widths that do not grow", AutoencoderKLQwenImage,
     config(3, dim_mult=[2, 2], temperal_downsample=[True], num_res_blocks=2, input_channels=4), [("golden", (1, 14, 20), False)]),
    ("wan-2.1", "the network of Qwen-Image, a decoder of its own width", AutoencoderKLWan,
     config(4, decoder_base_dim=3, scale_factor_spatial=4, **THREE_LEVELS), [("golden", (1, 24, 28), False), ("golden-tiled", (1, 60, 44), True)]),
    ("wan-2.2", "patches, shortcuts in space and in time, a decoder of its own width", AutoencoderKLWan,
     config(6, decoder_base_dim=6, dim_mult=[1, 2, 2], temperal_downsample=[False, True], scale_factor_spatial=8, **PATCHES),
     [("golden", (2, 32, 24), False), ("golden-tiled", (1, 72, 56), True)]),
    ("wan-shortcuts", "shortcuts without patches: groups of channels in the last level, time where widths stay, channels that multiply", AutoencoderKLWan,
     config(3, dim_mult=[1, 1, 2, 1], temperal_downsample=[True, False, True], scale_factor_spatial=8, is_residual=True),
     [("golden", (1, 24, 16), False)]),
    ("qwen-image-2.1", "kernels without time, alpha, four levels with every kind of shortcut", AutoencoderKLQwenImage21,
     config(6, decoder_base_dim=3, dim_mult=[1, 2, 4, 4], temperal_downsample=[False, True, True], scale_factor_spatial=8),
     [("golden", (1, 24, 40), False), ("golden-tiled", (1, 64, 48), True)]),
]


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights that keep activations near 1 and that no layer can ignore; also those that one frame never meets."""
    random = generator(seed)

    def normal(parameter: torch.Tensor, mean: float, std: float) -> None:
        parameter.copy_(torch.randn(parameter.shape, generator=random) * std + mean)

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("gamma"):
                normal(parameter, 1.0, 0.3)
            elif name.endswith("bias"):
                normal(parameter, 0.0, 0.1)
            else:
                # One frame meets one place in time only.
                numbers = parameter[0].numel() / (parameter.shape[2] if parameter.dim() == 5 else 1)
                gain = 2.0 if "to_qkv" in name else 1.2
                normal(parameter, 0.0, gain / math.sqrt(numbers))


@torch.no_grad()
def goldens(model: torch.nn.Module, shape: tuple[int, int, int], tiled: bool, seed: int) -> dict[str, torch.Tensor]:
    random = generator(seed)
    batch, height, width = shape
    settings = model.config
    channels = settings.input_channels if "input_channels" in settings else settings.in_channels // (settings.patch_size or 1) ** 2
    pixels = torch.rand((batch, channels, height, width), generator=random) * 2 - 1
    if tiled:
        model.enable_tiling(*(TILES[0], TILES[0], TILES[1], TILES[1]))
    parameters = model.encode(pixels.unsqueeze(2)).latent_dist.parameters.squeeze(2)
    latents = torch.randn((batch, settings.z_dim, *parameters.shape[2:]), generator=random)
    sample = model.decode(latents.unsqueeze(2)).sample.squeeze(2)
    model.use_tiling = False
    tensors = dict(pixels=pixels, latents=latents)
    if tiled:
        return tensors | dict(tiled_parameters=parameters, tiled_sample=sample)
    mean, std = (torch.tensor(settings[key]).view(1, -1, 1, 1) for key in ("latents_mean", "latents_std"))
    scaled = dict(normalized=(latents - mean) / std, denormalized=latents * std + mean)
    return tensors | dict(parameters=parameters, sample=sample) | scaled


def original_name(name: str, blocks_per_level: int) -> str:
    """Wan's own name of a tensor that diffusers calls `name`."""
    ends = {"quant_conv": "conv1", "post_quant_conv": "conv2"}
    first, _, rest = name.partition(".")
    if first in ends:
        return f"{ends[first]}.{rest}"
    for pattern, replacement in [
        (r"^(\w+)\.conv_in\.", r"\1.conv1."),
        (r"^(\w+)\.norm_out\.", r"\1.head.0."),
        (r"^(\w+)\.conv_out\.", r"\1.head.2."),
        (r"^(\w+)\.mid_block\.resnets\.0\.", r"\1.middle.0."),
        (r"^(\w+)\.mid_block\.attentions\.0\.", r"\1.middle.1."),
        (r"^(\w+)\.mid_block\.resnets\.1\.", r"\1.middle.2."),
        (r"\.norm1\.", ".residual.0."),
        (r"\.conv1\.(?=\w+$)(?<!coder\.conv1\.)", ".residual.2."),
        (r"\.norm2\.", ".residual.3."),
        (r"\.conv2\.", ".residual.6."),
        (r"\.conv_shortcut\.", ".shortcut."),
        (r"^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)\.", r"encoder.downsamples.\1.downsamples.\2."),
        (r"^encoder\.down_blocks\.(\d+)\.downsampler\.", rf"encoder.downsamples.\1.downsamples.{blocks_per_level}."),
        (r"^encoder\.down_blocks\.", "encoder.downsamples."),
        (r"^decoder\.up_blocks\.(\d+)\.upsampler\.", rf"decoder.upsamples.\1.upsamples.{blocks_per_level + 1}."),
    ]:
        name = re.sub(pattern, replacement, name)
    flat = re.match(r"^decoder\.up_blocks\.(\d+)\.(resnets|upsamplers)\.(\d+)\.(.*)$", name)
    if flat is None:
        return name
    level, kind, index, rest = flat.groups()
    place = int(index) if kind == "resnets" else blocks_per_level + 1
    return f"decoder.upsamples.{int(level) * (blocks_per_level + 2) + place}.{rest}"


def nested_name(name: str, blocks_per_level: int) -> str:
    """The same of Wan 2.2, whose decoder's levels are lists of their own, too."""
    block = re.match(r"^decoder\.up_blocks\.(\d+)\.resnets\.(\d+)\.(.*)$", name)
    if block is None:
        return original_name(name, blocks_per_level)
    inside = original_name(f"x.{block[3]}", blocks_per_level).removeprefix("x.")
    return f"decoder.upsamples.{block[1]}.upsamples.{block[2]}.{inside}"


def write_files(model: torch.nn.Module) -> None:
    """The weights of one model as others keep them, and the names of the published layouts."""
    folder = FIXTURES / "video-models" / "files"
    weights = model.state_dict()
    write_tensors(folder / "original.safetensors", {original_name(name, 2): weight for name, weight in weights.items()})
    flat = {
        name: weight[:, :, -1] if weight.dim() == 5 else weight[..., 0] if weight.dim() == 4 and name.endswith("gamma") else weight
        for name, weight in weights.items() if "time_conv" not in name
    }
    write_tensors(folder / "two_dimensional.safetensors", flat)
    wan21, wan22 = (
        list(AutoencoderKLWan(base_dim=2, z_dim=2, latents_mean=[0.0] * 2, latents_std=[1.0] * 2, **settings).state_dict())
        for settings in (dict(), PATCHES)
    )
    names = {"wan-2.1": {original_name(name, 2): name for name in wan21}, "wan-2.2": {nested_name(name, 2): name for name in wan22}}
    assert convert_wan_vae_to_diffusers({name: name for name in names["wan-2.1"]}) == {new: old for old, new in names["wan-2.1"].items()}
    write_json(folder / "names.json", names)


def write() -> list[dict]:
    shutil.rmtree(FIXTURES / "video-models", ignore_errors=True)
    entries = []
    for index, (name, covers, model_class, settings, sizes) in enumerate(CASES):
        folder = FIXTURES / "video-models" / name
        model = model_class(**settings).eval()
        randomise(model, seed=300 + index)
        model.save_pretrained(folder)
        if name == "qwen-image-alpha":
            write_files(model)
        for part, (stem, shape, tiled) in enumerate(sizes):
            tensors = goldens(model, shape, tiled, seed=3000 + 10 * index + part)
            path = folder / f"{stem}.safetensors"
            write_tensors(path, tensors)
            spread = {key: (round(tensor.std().item(), 2), round(tensor.abs().max().item(), 2)) for key, tensor in tensors.items()}
            print(f"video-models/{name}/{stem}", spread)
            entries.append(dict(
                name=name if stem == "golden" else f"{name}{stem.removeprefix('golden')}", covers=covers,
                class_name=model_class.__name__, folder=relative(folder), golden=relative(path), tiled=tiled,
                **(dict(tile=TILES[0]) if tiled else {}),
            ))
    return entries
