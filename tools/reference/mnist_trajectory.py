"""A training run of pytorch/examples' VAE on made-up digits, for vaekit to follow step by step.

    python tools/reference/mnist_trajectory.py          # writes test/fixtures/training/mnist-trajectory.json
    python tools/reference/mnist_trajectory.py FOLDER   # prints the same for MNIST's files, 10 epochs (docs/mnist.md)

MNIST is not part of the repository. In its place there are rings and bars of 28 x 28 pixels, drawn with whole
numbers only, so that test/train/made-up-digits.ts draws the same bytes. Model, loss, optimizer and batch size are
those of pytorch/examples (vae/main.py). The draws, in this order: manual_seed(1); the layers' weights fc1, fc21, fc22,
fc3, fc4; for each epoch randperm, then randn for each batch, then randn for each test batch.
"""
import gzip
import hashlib
import math
import sys
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional

from common import FIXTURES, write_json

SIDE = 28
BATCH_SIZE = 128
TRAIN_COUNT, TEST_COUNT, EPOCHS = 300, 150, 8


def made_up_digits(count: int, seed: int) -> numpy.ndarray:
    """[count, 784] bytes: a ring, a bar, or both."""
    state = seed

    def below(limit: int) -> int:
        nonlocal state
        state = (state * 1664525 + 1013904223) % 2**32
        return (state >> 16) * limit >> 16

    pictures = numpy.zeros((count, SIDE * SIDE), numpy.uint8)
    for picture in pictures:
        kind = below(3)
        ring_x, ring_y, radius = 9 + below(10), 9 + below(10), 3 + below(6)
        bar_x, bar_y, slope = 8 + below(12), 4 + below(6), below(7) - 3
        for y in range(SIDE):
            for x in range(SIDE):
                distance = (x - ring_x) ** 2 + (y - ring_y) ** 2
                ring = 0 if kind == 1 else max(0, 255 - 12 * abs(distance - radius**2))
                is_inside = bar_y <= y < bar_y + 16
                offset = abs(8 * (x - bar_x) + slope * (y - 14))
                bar = max(0, 255 - 16 * offset) if kind != 0 and is_inside else 0
                picture[y * SIDE + x] = max(ring, bar)
    return pictures


class Vae(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def posterior(self, x: torch.Tensor) -> torch.distributions.Normal:
        hidden = functional.relu(self.fc1(x))
        return torch.distributions.Normal(self.fc21(hidden), torch.exp(0.5 * self.fc22(hidden)))

    def forward(self, x: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The sums over the batch: cross-entropy and KL."""
        hidden = functional.relu(self.fc1(x))
        mean, logvar = self.fc21(hidden), self.fc22(hidden)
        z = mean + torch.exp(0.5 * logvar) * noise
        probabilities = torch.sigmoid(self.fc4(functional.relu(self.fc3(z))))
        bce = functional.binary_cross_entropy(probabilities, x, reduction="sum")
        return bce, -0.5 * torch.sum(1 + logvar - mean**2 - logvar.exp())


def tensor_of(pictures: numpy.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures.astype(numpy.float32)) / 255


def negative_log_likelihood(model: Vae, x: torch.Tensor, samples: int) -> float:
    """The mean of -log p(x), by importance sampling from the posterior."""
    posterior = model.posterior(x)
    noise = torch.randn((samples, *posterior.mean.shape))
    z = posterior.mean + posterior.stddev * noise
    logits = model.fc4(functional.relu(model.fc3(z)))
    target = x.expand_as(logits)
    likelihood = -functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(-1)
    prior = torch.distributions.Normal(0.0, 1.0)
    weights = likelihood + prior.log_prob(z).sum(-1) - posterior.log_prob(z).sum(-1)
    return -(weights.logsumexp(0) - math.log(samples)).mean().item()


def train(train_pictures: numpy.ndarray, test_pictures: numpy.ndarray, epochs: int, steps_kept: int) -> dict:
    x_train, x_test = tensor_of(train_pictures), tensor_of(test_pictures)
    torch.manual_seed(1)
    model = Vae()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    steps, validations = [], []
    for _ in range(epochs):
        for indices in torch.randperm(len(x_train)).split(BATCH_SIZE):
            x = x_train[indices]
            optimizer.zero_grad()
            bce, kl = model(x, torch.randn(len(x), 20))
            (bce + kl).backward()
            norm = torch.sqrt(sum(parameter.grad.double().pow(2).sum() for parameter in model.parameters()))
            optimizer.step()
            if len(steps) < steps_kept:
                per_picture = [value.item() / len(x) for value in (bce + kl, bce, kl)]
                steps.append([*per_picture, norm.item()])
        with torch.no_grad():
            sums = [model(x, torch.randn(len(x), 20)) for x in x_test.split(BATCH_SIZE)]
        bce, kl = (sum(pair[i].item() for pair in sums) / len(x_test) for i in (0, 1))
        validations.append([bce + kl, bce, kl])
    with torch.no_grad():
        likelihood = negative_log_likelihood(model, x_test[:TEST_COUNT], 100)
    return {
        "seed": 1,
        "torch": torch.__version__,
        "counts": [len(x_train), len(x_test)],
        "sha256": [hashlib.sha256(each.tobytes()).hexdigest() for each in (train_pictures, test_pictures)],
        # Per picture: loss, cross-entropy, KL; the norm of the gradient of the batch's sum.
        "steps": steps,
        # Per picture, after each epoch: loss, cross-entropy, KL.
        "validations": validations,
        # Per test picture, from 100 samples; other noise gives another number.
        "likelihood": likelihood,
    }


def read_idx(path: Path) -> numpy.ndarray:
    return numpy.frombuffer(gzip.decompress(path.read_bytes()), numpy.uint8, offset=16).reshape(-1, SIDE * SIDE)


def main() -> None:
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        names = ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz")
        result = train(*(read_idx(folder / name) for name in names), epochs=10, steps_kept=50)
        for line in (*result["steps"], *result["validations"]):
            print(*line)
        return
    result = train(made_up_digits(TRAIN_COUNT, 1), made_up_digits(TEST_COUNT, 2), EPOCHS, steps_kept=1000)
    write_json(FIXTURES / "training" / "mnist-trajectory.json", result)


if __name__ == "__main__":
    main()
