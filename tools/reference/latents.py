"""FLUX's 2x2 packing. latents/packing.safetensors: latents, packed (tokens).

Written out here, since diffusers' FluxPipeline imports only beside transformers: token i * (W / 2) + j, feature
c * 4 + dy * 2 + dx holds latents[c, 2 i + dy, 2 j + dx].
"""
import shutil

import torch

from common import FIXTURES, generator, relative, write_tensors

ROOT = FIXTURES / "latents"


def pack(latents: torch.Tensor) -> torch.Tensor:
    batch, channels, height, width = latents.shape
    packed = torch.empty(batch, height // 2 * (width // 2), channels * 4)
    for dy in (0, 1):
        for dx in (0, 1):
            packed[:, :, dy * 2 + dx :: 4] = latents[:, :, dy::2, dx::2].flatten(2).transpose(1, 2)
    return packed


def write() -> list[dict]:
    shutil.rmtree(ROOT, ignore_errors=True)
    scale = 8
    latents = torch.randn((2, 4, 6, 10), generator=generator(70))
    path = ROOT / "packing.safetensors"
    write_tensors(path, dict(latents=latents, packed=pack(latents)))
    return [dict(name="flux-packing", golden=relative(path), height=6 * scale, width=10 * scale, vae_scale_factor=scale)]
