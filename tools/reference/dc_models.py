"""Tiny AutoencoderDCs, with diffusers' own encode and decode as goldens.

dc-models/<name>/ holds config.json, diffusion_pytorch_model.safetensors and one or more golden*.safetensors:
  pixels     [N, C, H, W] in [-1, 1]
  encoded    [N, L, h, w]: the encoded `pixels`
  latents    [N, L, h, w]: standard normal, not from the encoder
  sample     the decoded `latents`
  normalized, denormalized   `latents` as Sana's pipelines scale them
  tiled_encoded, tiled_sample   the same with enable_tiling(), in its own tiles of 512 pixels
dc-models/original/<name>.safetensors has the weights of <name> under the names of the original repository.
"""
import math
import shutil

import torch
from diffusers import AutoencoderDC

from common import FIXTURES, generator, relative, write_tensors


def config(**overrides: object) -> dict[str, object]:
    """Three stages, the last of them with attention, as Sana's model has six."""
    types, widths = ["ResBlock", "ResBlock", "EfficientViTBlock"], [8, 16, 16]
    return dict(
        latent_channels=4, attention_head_dim=8, encoder_block_types=types, decoder_block_types=types,
        encoder_block_out_channels=widths, decoder_block_out_channels=widths,
        encoder_layers_per_block=[1, 1, 2], decoder_layers_per_block=[2, 1, 1],
        encoder_qkv_multiscales=[[], [], [5]], decoder_qkv_multiscales=[[], [], [5]],
        downsample_block_type="conv", upsample_block_type="interpolate", scaling_factor=0.41407,
    ) | overrides


# As the models for ImageNet: pictures enter at the second stage, and no scales beside the projections themselves.
IMAGENET = dict(
    encoder_layers_per_block=[0, 2, 1], decoder_layers_per_block=[0, 1, 2],
    encoder_qkv_multiscales=[[], [], []], decoder_qkv_multiscales=[[], [], []],
    decoder_norm_types=["batch_norm", "batch_norm", "rms_norm"], decoder_act_fns=["relu", "relu", "silu"],
    downsample_block_type="pixel_unshuffle", upsample_block_type="pixel_shuffle", scaling_factor=0.3189,
)
# Every switch the other way: widths that grow fourfold and shrink, batch normalisation beside attention, one for all stages.
SWITCHES = dict(
    encoder_block_types="EfficientViTBlock", decoder_block_types="EfficientViTBlock",
    attention_head_dim=4, encoder_block_out_channels=[4, 16, 8], decoder_block_out_channels=[4, 16, 8],
    encoder_layers_per_block=[1, 1, 1], decoder_layers_per_block=[1, 1, 1],
    encoder_qkv_multiscales=[[3], [], [3, 5]], decoder_qkv_multiscales=[[], [3, 5], [3]],
    decoder_norm_types="batch_norm", decoder_act_fns="gelu", encoder_out_shortcut=False, decoder_in_shortcut=False,
    decoder_conv_act_fn="mish", upsample_block_type="pixel_shuffle", in_channels=1, scaling_factor=2.5,
)

# name, what it covers, config, goldens as (file stem, pixel shape without channels, tiled)
CASES = [
    ("sana", "Sana's layers: strides and interpolation, attention at a second scale, a batch of two", config(),
     [("golden", (2, 28, 44), False), ("golden-wide", (1, 4, 516), True), ("golden-high", (1, 964, 4), True)]),
    ("imagenet", "pictures that enter at the second stage, pixel shuffles, batch normalisation, fewer latents than a head has channels",
     config(**IMAGENET), [("golden", (1, 8, 12), False)]),
    ("switches", "attention in all stages at several scales, no shortcuts at the ends, other activations, gray pictures",
     config(**SWITCHES), [("golden", (2, 12, 20), False)]),
]

ORIGINAL = {
    "encoder.conv_in.": "encoder.project_in.conv.", "encoder.conv_out.": "encoder.project_out.main.op_list.0.conv.",
    "decoder.conv_in.": "decoder.project_in.main.conv.", "decoder.norm_out.": "decoder.project_out.op_list.0.",
    "decoder.conv_out.": "decoder.project_out.op_list.2.conv.",
}
INSIDE = [
    (".attn.to_qkv_multiscale.", ".context_module.main.aggreg."), (".proj_in.", ".0."), (".proj_out.", ".1."),
    (".attn.to_out.", ".context_module.main.proj.conv."), (".attn.norm_out.", ".context_module.main.proj.norm."),
    (".conv_out.conv_inverted.", ".local_module.main.inverted_conv.conv."), (".conv_out.conv_depth.", ".local_module.main.depth_conv.conv."),
    (".conv_out.conv_point.", ".local_module.main.point_conv.conv."), (".conv_out.norm.", ".local_module.main.point_conv.norm."),
    (".conv1.", ".main.conv1.conv."), (".conv2.", ".main.conv2.conv."), (".norm.", ".main.conv2.norm."), (".conv.", ".main.conv.conv."),
]


def original(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of a model whose first stage has blocks, as the original repository names and joins them."""
    result = {}
    for name, tensor in state.items():
        end = next((end for end in ORIGINAL if name.startswith(end)), None)
        if end is not None:
            result[name.replace(end, ORIGINAL[end])] = tensor
            continue
        half, _, stage, place, rest = name.split(".", 4)
        prefix = f"{half}.stages.{stage}.op_list.{place}"
        if rest.startswith(("attn.to_k.", "attn.to_v.")):
            continue
        if rest == "attn.to_q.weight":
            joined = torch.cat([state[name.replace("to_q", part)] for part in ("to_q", "to_k", "to_v")])
            result[f"{prefix}.context_module.main.qkv.conv.weight"] = joined[:, :, None, None]
            continue
        inside = f".{rest}"
        for ours, theirs in INSIDE:
            if ours in inside:
                inside = inside.replace(ours, theirs)
                if ours not in (".attn.to_qkv_multiscale.", ):
                    break
        result[prefix + inside] = tensor[:, :, None, None] if "to_out" in rest else tensor
    return result


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights that keep activations near 1 and that no layer can ignore, and statistics that are none of fresh ones."""
    random = generator(seed)

    def normal(tensor: torch.Tensor, mean: float, std: float) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=random) * std + mean)

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1 and name.endswith("weight"):
                normal(parameter, 1.0, 0.3)
            elif name.endswith("bias"):
                normal(parameter, 0.0, 0.1)
            else:
                normal(parameter, 0.0, 1.2 / math.sqrt(parameter[0].numel()))
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                normal(buffer, 0.2, 0.3)
            elif name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=random) + 0.5)


@torch.no_grad()
def goldens(model: AutoencoderDC, shape: tuple[int, int, int], tiled: bool, seed: int) -> dict[str, torch.Tensor]:
    random = generator(seed)
    batch, height, width = shape
    pixels = torch.rand((batch, model.config.in_channels, height, width), generator=random) * 2 - 1
    if tiled:
        model.enable_tiling()
    encoded = model.encode(pixels).latent
    latents = torch.randn(encoded.shape, generator=random)
    sample = model.decode(latents).sample
    model.use_tiling = False
    tensors = dict(pixels=pixels, latents=latents)
    if tiled:
        return tensors | dict(tiled_encoded=encoded, tiled_sample=sample)
    factor = model.config.scaling_factor
    return tensors | dict(encoded=encoded, sample=sample, normalized=latents * factor, denormalized=latents / factor)


def write() -> list[dict]:
    shutil.rmtree(FIXTURES / "dc-models", ignore_errors=True)
    entries = []
    for index, (name, covers, settings, sizes) in enumerate(CASES):
        folder = FIXTURES / "dc-models" / name
        model = AutoencoderDC(**settings).eval()
        randomise(model, seed=500 + index)
        model.save_pretrained(folder)
        for part, (stem, shape, tiled) in enumerate(sizes):
            tensors = goldens(model, shape, tiled, seed=5000 + 10 * index + part)
            path = folder / f"{stem}.safetensors"
            write_tensors(path, tensors)
            spread = {key: (round(tensor.std().item(), 2), round(tensor.abs().max().item(), 2)) for key, tensor in tensors.items()}
            print(f"dc-models/{name}/{stem}", spread)
            entries.append(dict(
                name=name if stem == "golden" else f"{name}{stem.removeprefix('golden')}",
                covers=covers, folder=relative(folder), golden=relative(path), tiled=tiled,
            ))
        if name == "sana":
            write_tensors(FIXTURES / "dc-models" / "original" / f"{name}.safetensors", original(model.state_dict()))
    return entries
