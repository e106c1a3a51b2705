"""Tiny VQModels, with diffusers' own encode, quantise and decode as goldens.

vq-models/<name>/ holds config.json, diffusion_pytorch_model.safetensors and golden.safetensors:
  pixels       [N, in_channels, H, W] in [-1, 1]
  encoded      [N, E, h, w]: what the encoder gives, not quantised
  latents      [N, E, h, w]: standard normal, not from the encoder
  indices      [N, h, w]: the rows of the codebook nearest to `latents`
  sample, commit_loss              decode(latents)
  sample_forced, commit_loss_forced    decode(latents, force_not_quantize=True); of a model that looks rows up, decode(indices, ...)
  reconstruction                   forward(pixels)
"""
import shutil

import torch
from diffusers import VQModel

from common import FIXTURES, generator, relative, write_tensors
from models import ATTENTION_DOWN, ATTENTION_UP, DOWN, UP, config, randomise

# name, what it covers, config, shape of the pixels without channels
CASES = [
    ("group", "group norms, rows of other length than the latents, odd sides",
     config([4, 8, 4], latent_channels=5, vq_embed_dim=3, num_vq_embeddings=19), (2, 21, 30)),
    ("spatial", "MoVQ: spatial norms, attention in the lowest level",
     config([32, 32], latent_channels=4, num_vq_embeddings=29, norm_type="spatial", norm_num_groups=16,
            down_block_types=[DOWN, ATTENTION_DOWN], up_block_types=[ATTENTION_UP, UP]), (1, 22, 18)),
    ("lookup", "aMUSEd: rows by their numbers, no attention in the middle",
     config([4, 4, 8], latent_channels=6, num_vq_embeddings=23, lookup_from_codebook=True, mid_block_add_attention=False,
            act_fn="mish"), (2, 16, 24)),
]


@torch.no_grad()
def goldens(model: VQModel, shape: tuple[int, int, int], seed: int) -> dict[str, torch.Tensor]:
    random = generator(seed)
    batch, height, width = shape
    pixels = torch.rand((batch, model.config.in_channels, height, width), generator=random) * 2 - 1
    encoded = model.encode(pixels).latents
    latents = torch.randn(encoded.shape, generator=random)
    _, _, (_, _, flat) = model.quantize(latents)
    indices = flat.view(latents.shape[0], *latents.shape[2:])
    decoded = model.decode(latents)
    if model.config.lookup_from_codebook:
        places = (*indices.shape, latents.shape[1])
        forced = model.decode(flat, force_not_quantize=True, shape=places)
    else:
        forced = model.decode(latents, force_not_quantize=True)
    return dict(
        pixels=pixels, encoded=encoded, latents=latents, indices=indices,
        sample=decoded.sample, commit_loss=decoded.commit_loss,
        sample_forced=forced.sample, commit_loss_forced=forced.commit_loss,
        reconstruction=model(pixels).sample,
    )


def write() -> list[dict]:
    shutil.rmtree(FIXTURES / "vq-models", ignore_errors=True)
    entries = []
    for index, (name, covers, settings, shape) in enumerate(CASES):
        folder = FIXTURES / "vq-models" / name
        model = VQModel(**settings).eval()
        randomise(model, seed=300 + index)
        with torch.no_grad():
            rows = model.quantize.embedding.weight
            rows.copy_(torch.randn(rows.shape, generator=generator(350 + index)))
        model.save_pretrained(folder)
        path = folder / "golden.safetensors"
        tensors = goldens(model, shape, seed=1300 + index)
        write_tensors(path, tensors)
        print(f"vq-models/{name}", {key: round(tensor.float().std().item(), 2) for key, tensor in tensors.items() if tensor.numel() > 1})
        entries.append(dict(name=name, covers=covers, folder=relative(folder), golden=relative(path)))
    return entries
