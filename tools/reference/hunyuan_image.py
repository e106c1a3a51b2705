"""A tiny AutoencoderKLHunyuanImage, with diffusers' own encode and decode as goldens.

hunyuan-image/ holds config.json, diffusion_pytorch_model.safetensors (in float16, since its normalisations want 32 channels) and
two goldens:
  pixels [N, C, H, W] in [-1, 1], parameters [N, 2L, h, w], latents [N, L, h, w], sample: the decoded `latents`
  normalized, denormalized   `latents` as pipelines scale them
  tiled_sample   `latents` decoded with enable_tiling(); encoding in tiles fails in diffusers, which expects videos there
"""
import math
import shutil

import torch
from diffusers import AutoencoderKLHunyuanImage

from common import FIXTURES, generator, relative, write_tensors

SETTINGS = dict(
    in_channels=3, out_channels=3, latent_channels=8, block_out_channels=[32, 64], layers_per_block=1,
    spatial_compression_ratio=2, sample_size=16, scaling_factor=0.75289,
)


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights that keep activations near 1 and that no layer can ignore."""
    random = generator(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            drawn = torch.randn(parameter.shape, generator=random)
            if name.endswith("bias"):
                parameter.copy_(0.1 * drawn)
            elif parameter.dim() == 1:
                parameter.copy_(1 + 0.3 * drawn)
            else:
                parameter.copy_(drawn * 1.2 / math.sqrt(parameter[0].numel()))


@torch.no_grad()
def write() -> list[dict]:
    folder = FIXTURES / "hunyuan-image"
    shutil.rmtree(folder, ignore_errors=True)
    model = AutoencoderKLHunyuanImage(**SETTINGS).eval()
    randomise(model, seed=600)
    model.half().save_pretrained(folder)
    model.float()
    random = generator(6000)
    pixels = torch.rand((2, 3, 10, 14), generator=random) * 2 - 1
    parameters = model.encode(pixels).latent_dist.parameters
    latents = torch.randn((2, 8, 5, 7), generator=random)
    factor = model.config.scaling_factor
    write_tensors(folder / "golden.safetensors", dict(
        pixels=pixels, parameters=parameters, latents=latents, sample=model.decode(latents).sample,
        normalized=latents * factor, denormalized=latents / factor,
    ))
    wide = torch.randn((1, 8, 10, 14), generator=random)
    model.enable_tiling()
    write_tensors(folder / "golden-tiled.safetensors", dict(latents=wide, tiled_sample=model.decode(wide).sample))
    covers = "shortcuts and squares in the order of places, channels that double, a batch of two"
    return [
        dict(name=name, covers=covers, folder=relative(folder), golden=f"hunyuan-image/{stem}.safetensors", tiled=tiled)
        for name, stem, tiled in [("hunyuan-image", "golden", False), ("hunyuan-image-tiled", "golden-tiled", True)]
    ]
