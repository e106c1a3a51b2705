"""Encodes a picture with diffusers, and saves the latents as a pipeline holds them: normalised.

    pip install torch diffusers safetensors pillow
    python encode.py PHOTO LATENTS.safetensors --model black-forest-labs/FLUX.1-dev --subfolder vae
    node decode.mjs LATENTS.safetensors PICTURE.png MODEL

With --decoded FILE it also saves what diffusers decodes from the latents, to compare.
"""

import argparse

import torch
from diffusers import AutoencoderKL
from diffusers.image_processor import VaeImageProcessor
from PIL import Image
from safetensors.torch import save_file

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("photo")
parser.add_argument("latents", help="the .safetensors file to write")
parser.add_argument("--model", required=True, help="a folder or a hub id")
parser.add_argument("--subfolder", help="of the model, such as vae")
parser.add_argument("--size", type=int, default=512, help="pixels of both sides")
parser.add_argument("--decoded", help="also write diffusers' own picture to this .safetensors file")
arguments = parser.parse_args()

vae = AutoencoderKL.from_pretrained(arguments.model, subfolder=arguments.subfolder).eval()
processor = VaeImageProcessor(vae_scale_factor=2 ** (len(vae.config.block_out_channels) - 1))
shift = vae.config.shift_factor or 0.0
scaling = vae.config.scaling_factor

with torch.no_grad():
    photo = Image.open(arguments.photo).convert("RGB")
    pixels = processor.preprocess(photo, height=arguments.size, width=arguments.size)  # [1, 3, H, W] in [-1, 1]
    latents = vae.encode(pixels).latent_dist.mode()
    latents = (latents - shift) * scaling  # what the diffusion model sees
    save_file({"latents": latents.contiguous()}, arguments.latents)
    print(f"{arguments.latents}: {list(latents.shape)}")

    if arguments.decoded is not None:
        # The last lines of a pipeline: divide by the scaling factor, add the shift factor, decode, postprocess.
        sample = vae.decode(latents / scaling + shift).sample
        picture = (sample / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8)  # [1, 3, H, W]
        save_file({"picture": picture.contiguous()}, arguments.decoded)
