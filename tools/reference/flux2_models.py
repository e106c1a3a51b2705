"""Tiny AutoencoderKLFlux2s with diffusers' own encode and decode as goldens, and what FLUX.2's pipeline makes of latents.

flux2-models/<name>/ holds config.json, diffusion_pytorch_model.safetensors and one or more golden*.safetensors:
  pixels             [N, in_channels, H, W] in [-1, 1]
  parameters         [N, 2 * latent_channels, h, w]: what the encoder gives, before the posterior
  latents            [N, latent_channels, h, w]: normal, not from the encoder
  sample             the decoded `latents`
  reconstruction     forward(pixels) through the posterior's mode
  tiled_parameters, tiled_sample   the same with enable_tiling()
and where the latents' sides are even
  tokens             what FLUX.2's transformer sees of `latents`: normalised patches, [N, h / 2 * w / 2, 4 * latent_channels]
  denormalized       `latents`, taken for what the diffusion model made, as the pipeline hands them to decode
  mean, std          [4 * latent_channels]: what it normalises by. PyTorch's root of float32 is not the nearest one in about
                     a fifth of cases (it is MKL's), so the bits of `std` depend on its build, and all else on them

files/ holds the weights of one more model in the layouts of Black Forest Labs: whole, under a prefix, halves alone, the
decoder alone without any prefix and without statistics; and in 16 bits. golden.safetensors beside them is as above.
"""
import shutil

import torch
from diffusers import AutoencoderKLFlux2
from diffusers.pipelines.flux2.pipeline_flux2 import Flux2Pipeline

from common import FIXTURES, generator, relative, write_tensors
from models import ATTENTION_DOWN, ATTENTION_UP, DOWN, UP, randomise
from weights import ldm_name

ROOT = FIXTURES / "flux2-models"


def config(channels: list[int], **overrides: object) -> dict[str, object]:
    """A config with plain blocks and 4 norm groups, changed by `overrides`."""
    base = dict(
        block_out_channels=channels,
        down_block_types=[DOWN] * len(channels),
        up_block_types=[UP] * len(channels),
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=4,
    )
    return {**base, **overrides}


# name, what it covers, config, goldens as (file stem, pixel shape without channels, tiled)
CASES = [
    ("flux2-like", "four levels, two layers; a batch of two", config([4, 4, 4, 8], layers_per_block=2, latent_channels=4),
     [("golden", (2, 32, 48), False)]),
    ("small-decoder", "a decoder of other widths; 51x38 pixels, which the encoder floors",
     config([4, 8, 8], decoder_block_out_channels=[8, 4, 12]), [("golden", (1, 51, 38), False), ("golden-even", (1, 48, 40), False)]),
    ("switches", "attention in levels, none in the middle, no quant convolutions, mish, another epsilon, four channels in",
     config([4, 8], down_block_types=[DOWN, ATTENTION_DOWN], up_block_types=[ATTENTION_UP, UP], mid_block_add_attention=False,
            use_quant_conv=False, use_post_quant_conv=False, act_fn="mish", batch_norm_eps=1e-2, in_channels=4, latent_channels=3),
     [("golden", (1, 20, 12), False)]),
    ("tiled", "tiling: slivers on both sides, and another width in the decoder",
     config([4, 4, 8], decoder_block_out_channels=[4, 8, 8], sample_size=32), [("golden", (1, 72, 56), True), ("golden-one-side", (1, 32, 44), True)]),
]


FILES = config([4, 4], decoder_block_out_channels=[8, 4], latent_channels=4, mid_block_add_attention=False)


def tiny_model(settings: dict[str, object], seed: int) -> AutoencoderKLFlux2:
    """With statistics as training leaves them: no mean is 0 and no variance 1, and some variances are near the epsilon."""
    model = AutoencoderKLFlux2(**settings).eval()
    randomise(model, seed)
    random = generator(seed + 50)
    features = model.bn.running_mean.numel()
    model.bn.running_mean.copy_(torch.randn(features, generator=random))
    model.bn.running_var.copy_(torch.rand(features, generator=random) ** 4 * 4)
    model.bn.num_batches_tracked.fill_(1234)
    return model


def pipeline_latents(model: AutoencoderKLFlux2, latents: torch.Tensor) -> dict[str, torch.Tensor]:
    """Both ways, with the pipeline's own functions; the two lines between are those of its _encode_vae_image and __call__."""
    mean = model.bn.running_mean.view(1, -1, 1, 1)
    std = torch.sqrt(model.bn.running_var.view(1, -1, 1, 1) + model.config.batch_norm_eps)
    patches = Flux2Pipeline._patchify_latents(latents)
    tokens = Flux2Pipeline._pack_latents((patches - mean) / std)
    denormalized = Flux2Pipeline._unpatchify_latents(patches * std + mean)
    return dict(tokens=tokens, denormalized=denormalized, mean=mean.flatten(), std=std.flatten())


@torch.no_grad()
def goldens(model: AutoencoderKLFlux2, shape: tuple[int, int, int], tiled: bool, seed: int) -> dict[str, torch.Tensor]:
    random = generator(seed)
    batch, height, width = shape
    pixels = torch.rand((batch, model.config.in_channels, height, width), generator=random) * 2 - 1
    posterior = model.encode(pixels).latent_dist
    latents = 1.7 * torch.randn(posterior.mean.shape, generator=random) + 0.1
    tensors = dict(pixels=pixels, latents=latents)
    if tiled:
        model.enable_tiling()
        tensors["tiled_parameters"] = model.encode(pixels).latent_dist.parameters
        tensors["tiled_sample"] = model.decode(latents).sample
        model.disable_tiling()
        return tensors
    tensors |= dict(parameters=posterior.parameters, sample=model.decode(latents).sample)
    if model.config.in_channels == model.config.out_channels:
        tensors["reconstruction"] = model(pixels).sample
    if all(side % 2 == 0 for side in latents.shape[2:]):
        tensors |= pipeline_latents(model, latents)
    return tensors


def bfl_state(model: AutoencoderKLFlux2) -> dict[str, torch.Tensor]:
    """The state dict under Black Forest Labs' names, whose quant convolutions lie inside the halves."""
    levels = len(model.config.block_out_channels)
    state = {}
    for name, tensor in model.state_dict().items():
        is_projection = ".attentions." in name and tensor.ndim == 2
        half = {"quant_conv": "encoder.", "post_quant_conv": "decoder."}.get(name.split(".")[0], "")
        state[half + ldm_name(name, levels)] = tensor[:, :, None, None] if is_projection else tensor
    return state


def write_files() -> None:
    model = tiny_model(FILES, seed=850)
    write_tensors(ROOT / "files" / "golden.safetensors", goldens(model, (1, 12, 8), False, seed=8500))
    state = bfl_state(model)
    statistics = {name: tensor for name, tensor in state.items() if name.startswith("bn.")}
    half = {each: {name: tensor for name, tensor in state.items() if name.startswith(each)} for each in ("encoder.", "decoder.")}
    elsewhere = {"model.diffusion_model.double_blocks.0.img_attn.qkv.weight": torch.zeros(2, 3)}
    files = {
        "full_encoder_small_decoder": state,
        "checkpoint": {**{f"vae.{name}": tensor for name, tensor in state.items()}, **elsewhere},
        "first-stage": {**{f"first_stage_model.{name}": tensor for name, tensor in state.items()}, **elsewhere},
        "encoder": {**half["encoder."], **statistics},
        "decoder": {**half["decoder."], **statistics},
        "small_decoder": {name.removeprefix("decoder."): tensor for name, tensor in half["decoder."].items()},
        "bare-encoder": {name.removeprefix("encoder."): tensor for name, tensor in half["encoder."].items()},
        "diffusers": model.state_dict(),
        "bfloat16": {name: tensor.bfloat16() if tensor.is_floating_point() else tensor for name, tensor in state.items()},
    }
    for name, tensors in files.items():
        write_tensors(ROOT / "files" / f"{name}.safetensors", tensors)


def write() -> list[dict]:
    shutil.rmtree(ROOT, ignore_errors=True)
    entries = []
    for index, (name, covers, settings, sizes) in enumerate(CASES):
        folder = ROOT / name
        model = tiny_model(settings, seed=800 + index)
        model.save_pretrained(folder)
        for part, (stem, shape, tiled) in enumerate(sizes):
            tensors = goldens(model, shape, tiled, seed=8000 + 10 * index + part)
            path = folder / f"{stem}.safetensors"
            write_tensors(path, tensors)
            print(f"flux2-models/{name}/{stem}", {key: round(tensor.std().item(), 2) for key, tensor in tensors.items()})
            entries.append(dict(
                name=name if stem == "golden" else f"{name}{stem.removeprefix('golden')}",
                covers=covers, folder=relative(folder), golden=relative(path), tiled=tiled,
            ))
    write_files()
    return entries
