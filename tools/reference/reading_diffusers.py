"""Compares docs/reading-diffusers.md and its Chinese page with the installed diffusers: the lines of Python that they
quote, and the numbers that they print for the model and the picture inside the package.

    python tools/reference/reading_diffusers.py
"""

import re
import sys
from pathlib import Path

import diffusers
import numpy
import torch
from diffusers import AutoencoderKL
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

root = Path(__file__).resolve().parents[2]
pages = [root / "docs" / name for name in ["reading-diffusers.md", "reading-diffusers.zh-CN.md"]]
scaling_factor, shift_factor = 0.3611, 0.1159


def lines_of_diffusers() -> set[str]:
    sources = Path(diffusers.__file__).parent
    files = ["image_processor.py", "pipelines/flux/*.py", "models/autoencoders/*.py"]
    texts = [path.read_text(encoding="utf-8") for pattern in files for path in sources.glob(pattern)]
    return {line.strip() for text in texts for line in text.splitlines()}


def quoted_lines(page: str) -> list[str]:
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def summary(tensor: torch.Tensor) -> str:
    """A tensor as vaekit prints it."""
    numbers = [f"{value:.4g}" for value in (tensor.min(), tensor.max(), tensor.mean())]
    return f"Tensor float32 {list(tensor.shape)}, {numbers[0]} … {numbers[1]}, mean {numbers[2]}"


@torch.no_grad()
def printed_lines() -> list[str]:
    vae = AutoencoderKL.from_pretrained(root / "assets" / "default-vae")
    processor = VaeImageProcessor()
    pixels = processor.preprocess(Image.open(root / "assets" / "sample.png").convert("RGB"), 128, 128)
    posterior = vae.encode(pixels).latent_dist
    z = posterior.mode()
    normalized = (z - shift_factor) * scaling_factor
    original = numpy.array(processor.postprocess(pixels)[0], dtype=float)

    def decoded(name: str, latents: torch.Tensor) -> str:
        picture = numpy.array(processor.postprocess(vae.decode(latents).sample)[0], dtype=float)
        psnr = 10 * numpy.log10(255**2 / ((picture - original) ** 2).mean())
        return f"{name}: {psnr:.1f} dB, brightness {picture.mean():.1f}, contrast {picture.std():.1f}"

    restored = normalized / scaling_factor + shift_factor
    return [
        *map(summary, [pixels, posterior.parameters, posterior.mean, posterior.logvar, vae.decode(z).sample]),
        f"{posterior.std.max():.4f}",
        decoded("as it should be", restored),
        decoded("forgot to divide", normalized + shift_factor),
        decoded("forgot to add", normalized / scaling_factor),
        decoded("forgot both", normalized),
        decoded("multiplied", normalized * scaling_factor + shift_factor),
        decoded("divided twice", restored / scaling_factor),
    ]


known, printed, wrong = lines_of_diffusers(), printed_lines(), []
for path in pages:
    text = path.read_text(encoding="utf-8")
    quoted = quoted_lines(text)
    wrong += [f"{path.name} quotes: {line}" for line in quoted if line not in known]
    wrong += [f"{path.name} does not print: {line}" for line in printed if line not in text.splitlines()]
    print(f"{path.name}: {len(quoted)} lines and {len(printed)} results of diffusers {diffusers.__version__}")
if wrong:
    sys.exit("\n".join(wrong))
