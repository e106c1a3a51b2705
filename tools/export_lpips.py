"""Writes the weights of LPIPS (VGG-16 and its five heads) as one safetensors file for vaekit.

    pip install torch torchvision lpips safetensors
    python tools/export_lpips.py lpips-vgg.safetensors

Both packages bring or download their own weights: torchvision's VGG-16 (528 MB, ImageNet) and the heads inside the
lpips package (7 KB, BSD-2). Only the 13 convolutions are kept: the file has 59 MB, or half of it with --half.

Names in the file: features.{0,2,5,7,10,12,14,17,19,21,24,26,28}.{weight,bias} and lin{0..4}.model.1.weight.
"""
import argparse

import lpips
import torch
import torchvision
from safetensors.torch import save_file


def collect(dtype: torch.dtype) -> dict[str, torch.Tensor]:
    backbone = torchvision.models.vgg16(weights=torchvision.models.VGG16_Weights.IMAGENET1K_V1).state_dict()
    heads = lpips.LPIPS(net="vgg", verbose=False).state_dict()
    wanted = {name: tensor for name, tensor in backbone.items() if name.startswith("features.")}
    wanted |= {f"lin{i}.model.1.weight": heads[f"lin{i}.model.1.weight"] for i in range(5)}
    return {name: tensor.to(dtype).contiguous() for name, tensor in wanted.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes LPIPS' weights for vaekit.")
    parser.add_argument("output", help="the .safetensors file to write")
    parser.add_argument("--half", action="store_true", help="store float16 instead of float32")
    arguments = parser.parse_args()
    tensors = collect(torch.float16 if arguments.half else torch.float32)
    save_file(tensors, arguments.output, metadata={"format": "pt"})
    print(f"{arguments.output}: {len(tensors)} tensors, {sum(t.nbytes for t in tensors.values()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
