"""Writes test/fixtures: what diffusers and PyTorch compute, for vaekit's conformance tests to compare with.

    python tools/reference/make_fixtures.py            # all of it, a few seconds
    python tools/reference/make_fixtures.py models     # one part; the manifest keeps the others

Every number comes from a fixed seed and one CPU thread, so that a second run writes the same bytes under the same
versions of torch and diffusers (tools/reference/requirements.txt). The parts, each described in its module:

    models          tiny AutoencoderKLs: every switch of the config, odd sizes, batches, tiling
    flux2_models    tiny AutoencoderKLFlux2s, their files, and the tokens of FLUX.2
    tiny_models     tiny AutoencoderTinys, and TAEF2
    video_models    tiny models of Wan and Qwen-Image, for one frame
    vq_models       tiny VQModels: spatial norms, rows by their numbers
    dc_models       tiny AutoencoderDCs (Sana)
    hunyuan_image   a tiny AutoencoderKLHunyuanImage
    weights         one model in every file layout: variants, shards, old names, original single files
    posterior       DiagonalGaussianDistribution
    latents         FLUX's packing
    images          VaeImageProcessor, PSNR and SSIM
    initialization  PyTorch's fresh weights for a seed
    random          torch.randn for a seed

manifest.json lists the cases; tests iterate over it. Paths in it are relative to test/fixtures.
"""
import json
import sys

import torch

import flux2_models
import dc_models
import hunyuan_image
import image_processor
import initialization
import latents
import models
import posterior
import random_numbers
import tiny_models
import video_models
import vq_models
import weights
from common import FIXTURES, write_json

PARTS = {
    "models": models.write,
    "flux2_models": flux2_models.write,
    "tiny_models": tiny_models.write,
    "video_models": video_models.write,
    "vq_models": vq_models.write,
    "dc_models": dc_models.write,
    "hunyuan_image": hunyuan_image.write,
    "weights": weights.write,
    "posterior": posterior.write,
    "latents": latents.write,
    "images": image_processor.write,
    "initialization": initialization.write,
    "random": random_numbers.write,
}


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    manifest_path = FIXTURES / "manifest.json"
    known = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    chosen = sys.argv[1:] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        sys.exit(f"make_fixtures: no such part: {', '.join(unknown)}. The parts are {', '.join(PARTS)}.")
    for name in chosen:
        known[name] = PARTS[name]()
    write_json(manifest_path, {name: known[name] for name in PARTS if name in known})
    files = [path for path in FIXTURES.rglob("*") if path.is_file()]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
