"""Tiny AutoencoderTinys with diffusers' own encode and decode as goldens, and TAEF2, which diffusers does not have.

tiny-models/<name>/ holds config.json, diffusion_pytorch_model.safetensors and golden.safetensors:
  pixels            [N, in_channels, H, W] in [-1, 1]
  encoded           the encoder's latents
  latents           [N, latent_channels, h, w]: normal, as a diffusion model makes them
  sample            the decoded `latents`
  reconstruction    forward(pixels), whose latents go through bytes
  scaled, unscaled  scale_latents(3 * latents), unscale_latents of that
  tiled_encoded, tiled_sample   with enable_tiling(), only where diffusers can: four latent channels, its tiles of 512.
                                Of pattern(…) of 520x520 pixels and of 65x65 latents, the corner where four tiles meet

original/ beside them holds the same weights of `relu` and of `taef2` in the layouts of madebyollin/taesd.
"""
import json
import math
import shutil

import torch
from diffusers import AutoencoderTiny
from torch import nn

from common import FIXTURES, generator, relative, write_json, write_tensors

ROOT = FIXTURES / "tiny-models"


def config(width: int, stages: int = 4, **overrides: object) -> dict[str, object]:
    base = dict(
        encoder_block_out_channels=[width] * stages,
        decoder_block_out_channels=[width] * stages,
        num_encoder_blocks=[1] * stages,
        num_decoder_blocks=[1] * stages,
    )
    return {**base, **overrides}


# name, what it covers, config, pixel shape without channels, whether it is tiled, too
CASES = [
    ("relu", "four stages; 37x50 pixels, which the encoder fills up", config(4, num_encoder_blocks=[1, 2, 1, 1]), (1, 37, 50), False),
    ("silu-uneven", "silu, halves of other widths and blocks, a stage without a block, 16 latent channels, other bytes",
     dict(encoder_block_out_channels=[4, 4, 4], decoder_block_out_channels=[6, 6, 6], num_encoder_blocks=[2, 1, 1],
          num_decoder_blocks=[2, 0, 1], act_fn="silu", latent_channels=16, latent_magnitude=2.5, latent_shift=0.25),
     (2, 24, 18), False),
    ("gelu-grey", "gelu, one channel in and out, two stages, which enlarge by two", config(4, 2, act_fn="gelu", in_channels=1, out_channels=1), (1, 9, 14), False),
    ("one-stage", "a single stage: no resampling at all", config(4, 1, in_channels=4, out_channels=2), (1, 7, 5), False),
    ("factor-four", "two stages down, one up by four", dict(
        encoder_block_out_channels=[4, 4, 4], num_encoder_blocks=[1, 1, 1], decoder_block_out_channels=[4, 4],
        num_decoder_blocks=[1, 1], upsampling_scaling_factor=4), (1, 16, 12), False),
    ("tiled", "diffusers' tiles, two by two", config(4, num_encoder_blocks=[0, 0, 1, 0], num_decoder_blocks=[0, 1, 0, 0]),
     (1, 520, 520), True),
]

# From here on, in pixels, the goldens keep what diffusers' tiles give: a little before the second tiles begin.
TILED_CORNER = 432


class Pool(nn.Sequential):
    """TAEF2's branch at the latents' resolution."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Conv2d(width, 4 * width, 1, bias=False), nn.GroupNorm(4, 4 * width), nn.ReLU(), nn.Conv2d(4 * width, width, 1, bias=False)
        )


class PooledBlock(nn.Module):
    """A block of diffusers' that first adds its pool's result; the block's modules keep their names."""

    def __init__(self, block: nn.Module, width: int) -> None:
        super().__init__()
        self.conv, self.pool = block.conv, Pool(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


def add_pools(model: AutoencoderTiny) -> None:
    """Makes a TAEF2 of an AutoencoderTiny: pools in the blocks at the latents' resolution."""
    width = model.config.encoder_block_out_channels[0]
    encoder, decoder = model.encoder.layers, model.decoder.layers
    last = len(encoder) - 1
    for index in range(last - model.config.num_encoder_blocks[-1], last):
        encoder[index] = PooledBlock(encoder[index], width)
    for index in range(2, 2 + model.config.num_decoder_blocks[0]):
        decoder[index] = PooledBlock(decoder[index], width)


def randomise(model: nn.Module, seed: int) -> None:
    """Weights that keep activations near 1 (so that 1e-4 means something) and that no layer can ignore."""
    random = generator(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=random)
            if name.endswith(".bias"):
                parameter.copy_(0.1 * noise)
            elif parameter.ndim == 1:
                parameter.copy_(1 + 0.3 * noise)
            else:
                parameter.copy_(noise * 1.1 / math.sqrt(parameter[0].numel()))


def pattern(*shape: int) -> torch.Tensor:
    """Numbers in [-1, 1] that a test makes as well as we do."""
    channel, row, column = torch.meshgrid(*(torch.arange(length, dtype=torch.float64) for length in shape[1:]), indexing="ij")
    return (((17 * channel + 31 * row + 47 * column) % 61) / 30.5 - 1).float().expand(shape)


@torch.no_grad()
def tiled_goldens(model: AutoencoderTiny, size: tuple[int, int, int]) -> dict[str, torch.Tensor]:
    batch, height, width = size
    model.enable_tiling()
    encoded = model.encode(pattern(batch, 3, height, width)).latents
    sample = model.decode(pattern(batch, 4, height // 8, width // 8)).sample
    corner, latent = TILED_CORNER, TILED_CORNER // 8
    # Every third pixel, to keep the file small.
    return dict(tiled_encoded=encoded[..., latent:, latent:], tiled_sample=sample[..., corner::3, corner::3])


@torch.no_grad()
def goldens(model: AutoencoderTiny, shape: tuple[int, int, int], seed: int) -> dict[str, torch.Tensor]:
    random = generator(seed)
    batch, height, width = shape
    pixels = torch.rand((batch, model.config.in_channels, height, width), generator=random) * 2 - 1
    encoded = model.encode(pixels).latents
    # Beyond 3, too, where the decoder limits them.
    latents = 2 * torch.randn(encoded.shape, generator=random)
    tensors = dict(pixels=pixels, latents=latents)
    scaled = model.scale_latents(3 * latents)
    tensors |= dict(encoded=encoded, sample=model.decode(latents).sample, scaled=scaled, unscaled=model.unscale_latents(scaled))
    if model.config.in_channels == model.config.out_channels:
        tensors["reconstruction"] = model(pixels).sample
    return tensors


def original_names(model: AutoencoderTiny) -> dict[str, dict[str, torch.Tensor]]:
    """Each half under the bare numbers of madebyollin/taesd, where the decoder's first layer limits the latents."""
    halves = {"encoder": {}, "decoder": {}}
    for name, tensor in model.state_dict().items():
        half, _, layer, rest = name.split(".", 3)
        halves[half][f"{int(layer) + (half == 'decoder')}.{rest}"] = tensor
    return halves


def write_originals(model: AutoencoderTiny, name: str) -> None:
    for half, tensors in original_names(model).items():
        write_tensors(ROOT / "original" / f"{name}_{half}.safetensors", tensors)


def write_combined(model: AutoencoderTiny) -> None:
    """As ComfyUI keeps both halves, beside the factors by which it turns a VAE's own latents into a diffusion model's."""
    halves = original_names(model)
    tensors = {f"taesd_{half}.{key}": tensor for half, tensors in halves.items() for key, tensor in tensors.items()}
    factors = dict(vae_scale=torch.tensor(0.18215), vae_shift=torch.tensor(0.0))
    write_tensors(ROOT / "original" / "relu_combined.safetensors", {**tensors, **factors})


def write() -> list[dict]:
    shutil.rmtree(ROOT, ignore_errors=True)
    entries = []
    for index, (name, covers, settings, shape, tiled) in enumerate(CASES):
        model = AutoencoderTiny(**settings).eval()
        randomise(model, seed=700 + index)
        folder = ROOT / name
        model.save_pretrained(folder)
        tensors = tiled_goldens(model, shape) if tiled else goldens(model, shape, seed=7000 + index)
        write_tensors(folder / "golden.safetensors", tensors)
        print(f"tiny-models/{name}", {key: round(tensor.std().item(), 2) for key, tensor in tensors.items()})
        entries.append(dict(name=name, covers=covers, folder=relative(folder), golden=relative(folder / "golden.safetensors"), tiled=tiled))
        if name == "relu":
            write_originals(model, name)
            write_combined(model)

    name, folder = "taef2", ROOT / "taef2"
    model = AutoencoderTiny(**config(4, latent_channels=32, num_encoder_blocks=[1, 1, 1, 2], num_decoder_blocks=[2, 1, 1, 1])).eval()
    add_pools(model)
    randomise(model, seed=750)
    model.save_config(folder)
    write_json(folder / "config.json", {**json.loads((folder / "config.json").read_text()), "latent_pool": True})
    write_tensors(folder / "diffusion_pytorch_model.safetensors", model.state_dict())
    write_tensors(folder / "golden.safetensors", goldens(model, (1, 36, 52), seed=7050))
    write_originals(model, name)
    entries.append(dict(name=name, covers="TAEF2: pools with a group normalisation at the latents' resolution", folder=relative(folder),
                        golden=relative(folder / "golden.safetensors"), tiled=False))
    return entries
