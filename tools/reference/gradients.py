"""Gradients from PyTorch's autograd in float64: of single operators, and of whole AutoencoderKLs.

    python tools/reference/gradients.py     # writes test/fixtures/gradients; after make_fixtures.py models

operators.json      [{operator, name, attributes, inputs}]: the operators for which ONNX Runtime has no double kernels
operators.safetensors, for each case:
  <operator>/<name>/x<i>         the inputs (float32)
  <operator>/<name>/weights      dy: the loss is the sum of weights * y
  <operator>/<name>/y            the output
  <operator>/<name>/<seed><i>    the gradient with respect to x<i> from the seeds of SEEDS
models.safetensors, for each model of test/fixtures/models (same weights; its golden's pixels, latents as noise and
sample as target), the loss 2 mse + 0.5 l1 + 0.01 kl of decode(mean + std * noise):
  <model>/loss       []
  <model>/gradients  [parameters + 1, 1 + DIRECTIONS], a row for each parameter in the order of sorted names, then one
                     for the pixels: the gradient's norm, then its sums under random signs. The mean square of such
                     sums estimates a difference's squared norm without storing the gradient.
"""
import json

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file
from torch.nn import functional

from common import FIXTURES, generator, write_json, write_tensors

ROOT = FIXTURES / "gradients"
DIRECTIONS = 8
# The weights of the output's elements: all of their own, one for each row of the last axis, all 1.
SEEDS = ("elements", "rows", "ones")


def padded(x: torch.Tensor, pads: list[int]) -> torch.Tensor:
    top, left, bottom, right = pads
    return functional.pad(x, (left, right, top, bottom))


def conv(x: torch.Tensor, weight: torch.Tensor, *bias: torch.Tensor, strides: list[int], pads: list[int]) -> torch.Tensor:
    return functional.conv2d(padded(x, pads), weight, *bias, stride=strides)


def conv_transpose(x, weight, strides: list[int], pads: list[int], outputPadding: list[int]) -> torch.Tensor:
    assert outputPadding == [0, 0]
    y = functional.conv_transpose2d(x, weight, stride=strides)
    return padded(y, [-size for size in pads])


def instance_normalization(x, weight, bias, epsilon: float) -> torch.Tensor:
    return functional.instance_norm(x, weight=weight, bias=bias, eps=epsilon)


def resize(x: torch.Tensor, scales: list[int]) -> torch.Tensor:
    return x.repeat_interleave(scales[0], 2).repeat_interleave(scales[1], 3)


def average_pool(x, kernelShape: list[int], strides: list[int]) -> torch.Tensor:
    return functional.avg_pool2d(x, kernelShape, strides)


def max_pool(x, kernelShape: list[int], strides: list[int]) -> torch.Tensor:
    return functional.max_pool2d(x, kernelShape, strides)


FUNCTIONS = {
    "AveragePool": average_pool, "Conv": conv, "ConvTranspose": conv_transpose, "Erf": torch.erf,
    "InstanceNormalization": instance_normalization, "MaxPool": max_pool, "Resize": resize,
}


def conv_case(name, x, weight, strides=(1, 1), pads=(0, 0, 0, 0), bias=True, operator="Conv"):
    shapes = [x, weight, [weight[0]]] if bias else [x, weight]
    return operator, name, shapes, dict(strides=list(strides), pads=list(pads))


def transpose_case(name, x, weight, strides=(1, 1), pads=(0, 0, 0, 0)):
    operator, name, shapes, attributes = conv_case(name, x, weight, strides, pads, False, "ConvTranspose")
    return operator, name, shapes, attributes | dict(outputPadding=[0, 0])


def pool_case(operator, name, x, window):
    return operator, name, [x], dict(kernelShape=list(window), strides=list(window))


def norm_case(name, x, epsilon):
    return "InstanceNormalization", name, [x, [x[1]], [x[1]]], dict(epsilon=epsilon)


# operator, name, shapes of the inputs, attributes
CASES = [
    conv_case("3x3", [1, 2, 5, 4], [3, 2, 3, 3], pads=(1, 1, 1, 1)),
    conv_case("3x3 batch of 2", [2, 2, 4, 5], [3, 2, 3, 3], pads=(1, 1, 1, 1)),
    conv_case("3x3 unpadded", [2, 3, 5, 6], [2, 3, 3, 3]),
    conv_case("3x3 without bias", [1, 2, 4, 4], [2, 2, 3, 3], pads=(1, 1, 1, 1), bias=False),
    conv_case("1x1", [1, 3, 4, 3], [4, 3, 1, 1]),
    conv_case("1x1 batch of 3", [3, 3, 2, 3], [2, 3, 1, 1]),
    conv_case("1x1 padded", [2, 2, 3, 3], [2, 2, 1, 1], pads=(1, 1, 1, 1)),
    conv_case("4x4 stride 1", [2, 2, 6, 5], [3, 2, 4, 4], pads=(1, 1, 1, 1)),
    conv_case("4x4 stride 2", [2, 2, 6, 8], [3, 2, 4, 4], (2, 2), (1, 1, 1, 1)),
    conv_case("4x4 stride 2 odd size", [1, 2, 7, 9], [3, 2, 4, 4], (2, 2), (1, 1, 1, 1)),
    conv_case("3x3 stride 2 padded below and right", [1, 2, 6, 8], [3, 2, 3, 3], (2, 2), (0, 0, 1, 1)),
    conv_case("3x3 stride 2 padded below and right, odd size, batch of 2", [2, 2, 7, 5], [2, 2, 3, 3], (2, 2), (0, 0, 1, 1)),
    conv_case("3x3 stride 2 padded above and left", [1, 2, 6, 6], [2, 2, 3, 3], (2, 2), (1, 1, 0, 0)),
    conv_case("3x3 stride 2, rows that no window reads", [1, 2, 6, 6], [2, 2, 3, 3], (2, 2)),
    conv_case("1x1 stride 2", [2, 2, 5, 4], [3, 2, 1, 1], (2, 2)),
    conv_case("2x2 stride 3", [1, 2, 8, 7], [2, 2, 2, 2], (3, 3)),
    conv_case("2x3 with strides 2 and 1, four pads", [1, 2, 5, 6], [3, 2, 2, 3], (2, 1), (1, 0, 0, 2)),
    conv_case("3x3 with four pads", [2, 2, 5, 6], [3, 2, 3, 3], (1, 1), (0, 1, 2, 0)),
    conv_case("square, four pads of equal sums", [1, 2, 4, 4], [2, 2, 3, 3], (1, 1), (0, 1, 2, 1)),
    conv_case("3x1", [1, 2, 5, 4], [2, 2, 3, 1], pads=(1, 0, 1, 0)),
    conv_case("3x3 padded by more than the kernel", [1, 2, 3, 4], [2, 2, 3, 3], pads=(3, 3, 3, 3)),
    conv_case("3x3 stride 2 padded by more than the kernel", [1, 2, 4, 4], [2, 2, 3, 3], (2, 2), (3, 3, 3, 3)),
    conv_case("many channels, small pictures, batch of 3", [3, 9, 2, 2], [8, 9, 3, 3], pads=(1, 1, 1, 1)),
    conv_case("many channels, small pictures, stride 2, batch of 2", [2, 9, 4, 4], [8, 9, 3, 3], (2, 2), (0, 0, 1, 1)),
    conv_case("few channels, larger pictures, batch of 2", [2, 1, 12, 11], [2, 1, 3, 3], pads=(1, 1, 1, 1)),
    conv_case("single channel, single pixel", [1, 1, 1, 1], [1, 1, 3, 3], pads=(1, 1, 1, 1)),
    transpose_case("3x3", [1, 2, 4, 3], [2, 3, 3, 3]),
    transpose_case("3x3 padded, batch of 2", [2, 2, 4, 5], [2, 3, 3, 3], pads=(1, 1, 1, 1)),
    transpose_case("4x4 stride 2", [2, 2, 3, 4], [2, 3, 4, 4], (2, 2), (1, 1, 1, 1)),
    transpose_case("2x2 stride 2", [1, 3, 3, 2], [3, 2, 2, 2], (2, 2)),
    transpose_case("3x3 stride 2, four pads", [1, 2, 4, 4], [2, 2, 3, 3], (2, 2), (0, 1, 1, 0)),
    transpose_case("1x1", [2, 3, 2, 2], [3, 2, 1, 1]),
    transpose_case("many channels, small pictures, batch of 3", [3, 9, 2, 2], [9, 8, 3, 3], pads=(1, 1, 1, 1)),
    pool_case("AveragePool", "2x2", [2, 2, 4, 6], (2, 2)),
    pool_case("AveragePool", "3x2 with rows and columns left over", [1, 2, 7, 5], (3, 2)),
    pool_case("AveragePool", "1x1", [1, 2, 3, 3], (1, 1)),
    pool_case("MaxPool", "2x2", [2, 2, 4, 6], (2, 2)),
    pool_case("MaxPool", "3x2 with rows and columns left over", [1, 2, 7, 5], (3, 2)),
    pool_case("MaxPool", "the whole picture", [2, 1, 3, 3], (3, 3)),
    ("Resize", "2x2", [[2, 2, 3, 4]], dict(scales=[2, 2])),
    ("Resize", "3x1", [[1, 2, 2, 3]], dict(scales=[3, 1])),
    ("Erf", "both signs", [[4, 5]], {}),
    ("Erf", "scalar", [[]], {}),
    norm_case("one example", [1, 3, 6], 1e-6),
    norm_case("batch of 2", [2, 3, 7], 1e-5),
    norm_case("a large epsilon", [2, 2, 5], 0.5),
    norm_case("pictures", [2, 2, 3, 4], 1e-5),
]


def seeds_of(weights: torch.Tensor) -> dict[str, torch.Tensor]:
    rows = weights[..., :1] if weights.dim() > 0 else weights
    return dict(zip(SEEDS, (weights, rows.expand_as(weights), torch.ones_like(weights))))


def operators() -> tuple[list[dict], dict[str, torch.Tensor]]:
    entries, tensors = [], {}
    for index, (operator, name, shapes, attributes) in enumerate(CASES):
        random = generator(2000 + index)
        path = f"{operator}/{name}"
        inputs = [torch.randn(shape, generator=random) for shape in shapes]
        leaves = [x.double().requires_grad_(True) for x in inputs]
        y = FUNCTIONS[operator](*leaves, **attributes)
        weights = torch.randn(y.shape, generator=random)
        entries.append(dict(operator=operator, name=name, attributes=attributes, inputs=len(inputs)))
        tensors |= {f"{path}/x{i}": x for i, x in enumerate(inputs)}
        tensors |= {f"{path}/weights": weights, f"{path}/y": y.float()}
        for seed, dy in seeds_of(weights).items():
            gradients = torch.autograd.grad(y, leaves, dy.double(), retain_graph=True)
            tensors |= {f"{path}/{seed}{i}": gradient.float() for i, gradient in enumerate(gradients)}
    return entries, tensors


def signs(direction: int, size: int) -> torch.Tensor:
    """+1 or -1 from a bit of a mixed counter (murmur3's finaliser), which test/autodiff/sketch.ts repeats."""
    with np.errstate(over="ignore"):
        bits = np.arange(size, dtype=np.uint32) * np.uint32(DIRECTIONS) + np.uint32(direction)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
        bits ^= bits >> np.uint32(16)
    return torch.from_numpy(1.0 - 2.0 * (bits & np.uint32(1)).astype(np.float64))


def sketch(gradient: torch.Tensor) -> torch.Tensor:
    flat = gradient.flatten()
    return torch.stack([flat.norm(), *((signs(k, flat.numel()) * flat).sum() for k in range(DIRECTIONS))])


def model_gradients(name: str) -> dict[str, torch.Tensor]:
    folder = FIXTURES / "models" / name
    golden = {key: value.double() for key, value in load_file(folder / "golden.safetensors").items()}
    model = AutoencoderKL.from_pretrained(folder, low_cpu_mem_usage=False).double()
    pixels = golden["pixels"].requires_grad_(True)
    posterior = model.encode(pixels).latent_dist
    reconstruction = model.decode(posterior.mean + posterior.std * golden["latents"]).sample
    target = golden["sample"]
    distance = 2 * functional.mse_loss(reconstruction, target) + 0.5 * functional.l1_loss(reconstruction, target)
    loss = distance + 0.01 * posterior.kl().mean()
    parameters = dict(sorted(model.named_parameters()))
    gradients = torch.autograd.grad(loss, [*parameters.values(), pixels])
    rows = torch.stack([sketch(gradient) for gradient in gradients])
    assert not rows.isnan().any()
    print(f"{name}: loss {loss.item():.4f}, {len(rows)} gradients of norm {rows[:, 0].min():.1e} to {rows[:, 0].max():.1e}")
    return {f"{name}/loss": loss.float(), f"{name}/gradients": rows.float()}


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    entries, tensors = operators()
    assert not any(tensor.isnan().any() for tensor in tensors.values())
    write_json(ROOT / "operators.json", entries)
    write_tensors(ROOT / "operators.safetensors", tensors)
    manifest = json.loads((FIXTURES / "manifest.json").read_text())
    names = [case["name"] for case in manifest["models"] if not case["tiled"]]
    models: dict[str, torch.Tensor] = {}
    for name in names:
        models |= model_gradients(name)
    write_tensors(ROOT / "models.safetensors", models)
    print(f"{sum(path.stat().st_size for path in ROOT.iterdir()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
