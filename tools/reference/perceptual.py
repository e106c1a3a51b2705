"""LPIPS with VGG-16's layers and names but few channels, and random weights: value and gradient.

lpips.safetensors: features.*.weight/bias and lin*.model.1.weight, pictures x and y [2, 3, 16, 20] in [-1, 1], the
distance [2] and its gradient at y. The unit length has its epsilon inside the square root, as vaekit's has; `original`
is the distance with the epsilon outside, as in richzhang/PerceptualSimilarity.
"""
from pathlib import Path

import torch
from torch.nn import functional

from common import generator, write_tensors

DEPTHS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
CHANNELS = (4, 5, 6, 8, 8)
SHIFT = torch.tensor([-0.030, -0.088, -0.188])[None, :, None, None]
SCALE = torch.tensor([0.458, 0.448, 0.450])[None, :, None, None]


def weights() -> dict[str, torch.Tensor]:
    random = generator(750)
    tensors = {}
    before = 3
    for depth, (places, channels) in enumerate(zip(DEPTHS, CHANNELS)):
        for place in places:
            bound = (6 / (9 * before)) ** 0.5
            tensors[f"features.{place}.weight"] = (torch.rand((channels, before, 3, 3), generator=random) * 2 - 1) * bound
            tensors[f"features.{place}.bias"] = (torch.rand(channels, generator=random) - 0.5) * 0.2
            before = channels
        tensors[f"lin{depth}.model.1.weight"] = torch.rand((1, channels, 1, 1), generator=random)
    return tensors


def features(tensors: dict[str, torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    h = (x - SHIFT) / SCALE
    outputs = []
    for depth, places in enumerate(DEPTHS):
        if depth > 0:
            h = functional.max_pool2d(h, 2, 2)
        for place in places:
            h = functional.relu(functional.conv2d(h, tensors[f"features.{place}.weight"], tensors[f"features.{place}.bias"], padding=1))
        outputs.append(h)
    return outputs


def distance(tensors: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor, inside: bool) -> torch.Tensor:
    total = 0
    for depth, (a, b) in enumerate(zip(features(tensors, x), features(tensors, y))):
        squares = [h.square().sum(1, keepdim=True) for h in (a, b)]
        lengths = [torch.sqrt(s + 1e-10) if inside else torch.sqrt(s) + 1e-10 for s in squares]
        difference = (a / lengths[0] - b / lengths[1]).square()
        head = functional.conv2d(difference, tensors[f"lin{depth}.model.1.weight"])
        total = total + head.mean((2, 3))[:, 0]
    return total


def write(path: Path) -> None:
    tensors = weights()
    random = generator(751)
    x = torch.rand((2, 3, 16, 20), generator=random) * 2 - 1
    y = (x + 0.4 * torch.randn(x.shape, generator=random)).clamp(-1, 1)
    y.requires_grad_(True)
    value = distance(tensors, x, y, inside=True)
    gradient = torch.autograd.grad(value.sum(), y)[0]
    original = distance(tensors, x, y, inside=False)
    write_tensors(path, {**tensors, "x": x, "y": y, "distance": value, "gradient": gradient, "original": original})
