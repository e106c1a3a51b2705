"""Tiny AutoencoderKLs, one per switch of the config, with diffusers' own encode and decode as goldens.

models/<name>/ holds config.json, diffusion_pytorch_model.safetensors and one or more golden*.safetensors:
  pixels             [N, in_channels, H, W] in [-1, 1]
  parameters         [N, 2 * latent_channels, h, w]: what the encoder gives, before the posterior
  latents            [N, latent_channels, h, w]: standard normal, not from the encoder
  sample             the decoded `latents`
  normalized, denormalized   `latents` as the family's pipelines rescale them (only where the config says how)
  reconstruction     forward(pixels) through the posterior's mode
  tiled_parameters, tiled_sample   the same with enable_tiling(); where a last tile is narrower than a latent, on which
                                   diffusers fails, the parameters are those of the pixels without that sliver
"""
import math
import shutil

import torch
from diffusers import AutoencoderKL

from common import FIXTURES, generator, relative, write_tensors

DOWN, ATTENTION_DOWN = "DownEncoderBlock2D", "AttnDownEncoderBlock2D"
UP, ATTENTION_UP = "UpDecoderBlock2D", "AttnUpDecoderBlock2D"


def config(channels: list[int], **overrides: object) -> dict[str, object]:
    """A config with plain blocks, 4 norm groups and quant convolutions, changed by `overrides`."""
    base = dict(
        block_out_channels=channels,
        down_block_types=[DOWN] * len(channels),
        up_block_types=[UP] * len(channels),
        norm_num_groups=4,
    )
    return {**base, **overrides}


NO_QUANT = dict(use_quant_conv=False, use_post_quant_conv=False)

# name, what it covers, config, goldens as (file stem, pixel shape without channels, tiled)
CASES = [
    ("sd", "four levels, two layers, quant convolutions", config([4, 4, 4, 8], layers_per_block=2, sample_size=64),
     [("golden", (1, 40, 56), False)]),
    ("sdxl", "a batch of two, latents_mean and latents_std",
     config([4, 4, 8], scaling_factor=0.13025, latents_mean=[-1.5, 2.0, 0.25, -0.125], latents_std=[8.5, 4.0, 9.25, 5.0]),
     [("golden", (2, 24, 32), False)]),
    ("sd3", "16 latent channels, no quant convolutions, shift",
     config([4, 4, 8], latent_channels=16, scaling_factor=1.5305, shift_factor=0.0609, force_upcast=True, **NO_QUANT),
     [("golden", (1, 32, 16), False)]),
    ("flux", "16 latent channels, no quant convolutions, shift, portrait",
     config([4, 4, 4, 8], latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159, **NO_QUANT),
     [("golden", (1, 48, 32), False)]),
    ("mish-odd-size", "mish; 37x51 pixels, which the encoder floors",
     config([4, 4, 8], act_fn="mish"), [("golden", (1, 37, 51), False)]),
    ("gelu-quant-only", "gelu, quant_conv without post_quant_conv, one channel in and out; a sliver without a latent",
     config([4, 8], act_fn="gelu", in_channels=1, out_channels=1, use_post_quant_conv=False),
     [("golden", (1, 21, 18), False), ("golden-sliver", (2, 25, 35), True)]),
    ("relu-post-quant-only", "relu, post_quant_conv without quant_conv, four channels in and out",
     config([4, 8], act_fn="relu", in_channels=4, out_channels=4, use_quant_conv=False),
     [("golden", (1, 16, 23), False)]),
    ("swish-channels-differ", "swish in capitals, two channels in, three out, one latent channel",
     config([8, 4], act_fn="SWISH", in_channels=2, out_channels=3, latent_channels=1, norm_num_groups=2),
     [("golden", (1, 12, 20), False)]),
    ("no-mid-attention", "mid blocks without attention",
     config([4, 4, 8], mid_block_add_attention=False), [("golden", (1, 24, 28), False)]),
    ("attention-blocks", "attention inside some down and up blocks",
     config([4, 4, 8], down_block_types=[DOWN, ATTENTION_DOWN, ATTENTION_DOWN], up_block_types=[ATTENTION_UP, UP, ATTENTION_UP]),
     [("golden", (1, 16, 24), False)]),
    ("one-level", "a single level: no resampling at all", config([8]), [("golden", (1, 13, 17), False)]),
    ("quiet", "activations so small that GroupNorm's epsilon shows", config([8]), [("golden", (1, 8, 12), False)]),
    ("uneven-channels", "channels that go up and down, three layers, a batch of three",
     config([4, 8, 4], layers_per_block=3), [("golden", (3, 17, 12), False)]),
    ("tiled", "tiling: slivers on both sides, and a side that fits a tile but is split anyway",
     config([4, 4, 8], sample_size=32),
     [("golden", (1, 72, 56), True), ("golden-one-side", (1, 32, 44), True), ("golden-fits", (1, 32, 24), True)]),
]


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights that keep activations near 1 (so that 1e-4 means something) and that no layer can ignore."""
    random = generator(seed)

    def normal(parameter: torch.Tensor, mean: float, std: float) -> None:
        parameter.copy_(torch.randn(parameter.shape, generator=random) * std + mean)

    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.GroupNorm):
                normal(module.weight, 1.0, 0.3)
                normal(module.bias, 0.0, 0.3)
            elif isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
                # Sharper queries and keys: attention far from uniform.
                gain = 2.0 if name.endswith(("to_q", "to_k")) else 1.2
                normal(module.weight, 0.0, gain / math.sqrt(module.weight[0].numel()))
                normal(module.bias, 0.0, 0.1)


def tiny_model(settings: dict[str, object], seed: int) -> AutoencoderKL:
    model = AutoencoderKL(**settings).eval()
    randomise(model, seed)
    return model


def normalize(latents: torch.Tensor, settings: dict) -> dict[str, torch.Tensor]:
    """`latents` rescaled in both directions, as the pipelines of the config's family do."""
    scaling = settings.get("scaling_factor", 0.18215)
    if settings.get("latents_mean") is not None:
        mean = torch.tensor(settings["latents_mean"]).view(1, -1, 1, 1)
        std = torch.tensor(settings["latents_std"]).view(1, -1, 1, 1)
        return dict(normalized=(latents - mean) * scaling / std, denormalized=latents * std / scaling + mean)
    shift = settings.get("shift_factor") or 0.0
    return dict(normalized=(latents - shift) * scaling, denormalized=latents / scaling + shift)


def without_slivers(model: AutoencoderKL, pixels: torch.Tensor) -> torch.Tensor:
    """The pixels, each side cut to whole latents if its last tile is narrower than one: there diffusers fails."""
    factor = 2 ** (len(model.config.block_out_channels) - 1)
    stride = int(model.tile_sample_min_size * (1 - model.tile_overlap_factor))
    height, width = (side - side % factor if (side - 1) % stride + 1 < factor else side for side in pixels.shape[2:])
    cut = pixels[:, :, :height, :width]
    if cut.shape != pixels.shape:
        try:
            model.encode(pixels)
        except RuntimeError as error:
            assert "Kernel size can't be greater than actual input size" in str(error)
        else:
            raise AssertionError("diffusers takes slivers now: their goldens can be its own")
    return cut


@torch.no_grad()
def goldens(model: AutoencoderKL, settings: dict, shape: tuple[int, int, int], tiled: bool, seed: int) -> dict[str, torch.Tensor]:
    random = generator(seed)
    batch, height, width = shape
    pixels = torch.rand((batch, model.config.in_channels, height, width), generator=random) * 2 - 1
    posterior = model.encode(pixels).latent_dist
    latents = torch.randn(posterior.mean.shape, generator=random)
    tensors = dict(pixels=pixels, latents=latents)
    if tiled:
        model.enable_tiling()
        tensors["tiled_parameters"] = model.encode(without_slivers(model, pixels)).latent_dist.parameters
        tensors["tiled_sample"] = model.decode(latents).sample
        model.disable_tiling()
        return tensors
    tensors |= dict(parameters=posterior.parameters, sample=model.decode(latents).sample)
    return tensors | normalize(latents, settings)


def write() -> list[dict]:
    shutil.rmtree(FIXTURES / "models", ignore_errors=True)
    entries = []
    for index, (name, covers, settings, sizes) in enumerate(CASES):
        folder = FIXTURES / "models" / name
        model = tiny_model(settings, seed=100 + index)
        if name == "quiet":
            with torch.no_grad():
                for parameter in (*model.encoder.conv_in.parameters(), *model.decoder.conv_in.parameters()):
                    parameter *= 0.005
        model.save_pretrained(folder)
        for part, (stem, shape, tiled) in enumerate(sizes):
            tensors = goldens(model, settings, shape, tiled, seed=1000 + 10 * index + part)
            if name == "sd":
                with torch.no_grad():
                    tensors["reconstruction"] = model(tensors["pixels"]).sample
            path = folder / f"{stem}.safetensors"
            write_tensors(path, tensors)
            spread = {key: round(tensor.std().item(), 2) for key, tensor in tensors.items()}
            print(f"models/{name}/{stem}", spread)
            entries.append(dict(
                name=name if stem == "golden" else f"{name}{stem.removeprefix('golden')}",
                covers=covers, folder=relative(folder), golden=relative(path), tiled=tiled,
            ))
    return entries
