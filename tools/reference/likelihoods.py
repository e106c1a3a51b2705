"""Likelihoods p(x|z) with a scale: values, gradients and a run, from torch.distributions and autograd in double precision.

    python tools/reference/likelihoods.py     # writes test/fixtures/training/likelihoods.safetensors and -runs.json

likelihoods.safetensors: a small network (parameters under their names, 12-5-4-3, four samples of each of three
pictures; the categorical kind has a last layer of its own, under <KIND>/); for each KIND <KIND>/log_likelihood,
<KIND>/vae, <KIND>/iwae and the gradients of the bounds' sums at every parameter. Pictures [2, 3, 4, 5] for scales of channels: see channels().
likelihood-runs.json: 50 steps of a VAE on made-up digits for each kind, in the order of draws of mnist_trajectory.py.
"""
import math

import torch
from torch import nn
from torch.nn import functional

from common import FIXTURES, generator, write_json, write_tensors
from mnist_trajectory import made_up_digits, tensor_of

ROOT = FIXTURES / "training"
LEVEL = 1 / 255
START = 0.25
KINDS = ("normal/fixed", "normal/shared", "normal/per_value", "normal/optimal", "discretized_logistic/shared",
         "discretized_logistic/per_value")
# Of so many levels.
CATEGORICAL, LEVELS = "categorical/5", 5


def scale_of(u: torch.Tensor, level: float = LEVEL, start: float = START) -> torch.Tensor:
    """sigma-VAE's softclip: log sigma = log min + softplus(v), written with v = 0 + u where u = 0 is the start."""
    offset = math.log(start / level - 1)
    return torch.exp(math.log(level) + functional.softplus(u + offset))


def log_density(distribution: str, mean: torch.Tensor, scale: torch.Tensor, x: torch.Tensor,
                lowest: float = 0, level: float = LEVEL) -> torch.Tensor:
    if distribution == "normal":
        return torch.distributions.Normal(mean, scale).log_prob(x)
    # The levels' probabilities as they are defined; double precision bears the difference of two sigmoids.
    upper = torch.where(x > 1 - level / 2, 1.0, torch.sigmoid((x + level / 2 - mean) / scale))
    lower = torch.where(x < lowest + level / 2, 0.0, torch.sigmoid((x - level / 2 - mean) / scale))
    return torch.log(upper - lower)


def log_probability(logits: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """logits [..., D * LEVELS], those of a value together, and x [..., D] in [0, 1] -> [..., D]"""
    by_level = logits.unflatten(-1, (x.shape[-1], LEVELS)).movedim(-1, 1)
    return -functional.cross_entropy(by_level, (x * (LEVELS - 1)).round().long(), reduction="none")


def optimal_scale(mean: torch.Tensor, x: torch.Tensor, level: float = LEVEL) -> torch.Tensor:
    return (x - mean).pow(2).mean().sqrt().clamp(min=level)


def with_gradients(tensors: dict, name: str, value: torch.Tensor, inputs: dict[str, torch.Tensor]) -> None:
    tensors[name] = value
    found = torch.autograd.grad(value.sum(), list(inputs.values()), retain_graph=True, allow_unused=True)
    for key, gradient in zip(inputs, found):
        if gradient is not None:
            tensors[f"{name}.grad.{key}"] = gradient


def small_network() -> dict:
    random = generator(760)
    sizes = {"encoder.0": (5, 12), "encoder.1": (4, 5), "encoder.mean": (3, 4), "encoder.logstd": (3, 4),
             "decoder.0": (4, 3), "decoder.1": (5, 4), "decoder.output": (12, 5), "likelihood.scale": (12, 5)}
    parameters = {}
    for name, (outputs, inputs) in sizes.items():
        parameters[f"{name}.weight"] = 0.4 * torch.randn((outputs, inputs), generator=random).double()
        parameters[f"{name}.bias"] = 0.2 * torch.randn(outputs, generator=random).double()
    parameters["likelihood.scale"] = torch.tensor([-0.3], dtype=torch.float64)
    x = torch.randint(0, 256, (3, 12), generator=random).double() / 255
    x[0, :4] = torch.tensor([0, 0, 1, 1])
    noise = torch.randn((3, 4, 3), generator=random).double()
    # What vaekit reads in single precision is what is computed with here.
    parameters = {name: value.float().double().requires_grad_(True) for name, value in parameters.items()}
    levels = {f"decoder.output.{name}": (0.4 * torch.randn(shape, generator=random)).double().requires_grad_(True)
              for name, shape in (("weight", (12 * LEVELS, 5)), ("bias", (12 * LEVELS,)))}
    x, noise = x.float().double(), noise.float().double()
    tensors = {**parameters, "x": x, "noise": noise.reshape(12, 3)}
    tensors |= {f"{CATEGORICAL}/{name}": value for name, value in levels.items()}

    def layer(name: str, h: torch.Tensor) -> torch.Tensor:
        return functional.linear(h, parameters[f"{name}.weight"], parameters[f"{name}.bias"])

    h = torch.tanh(layer("encoder.1", torch.tanh(layer("encoder.0", x))))
    mean, std = layer("encoder.mean", h)[:, None], layer("encoder.logstd", h).exp()[:, None]
    posterior = torch.distributions.Normal(mean, std)
    z = mean + std * noise
    h = torch.tanh(layer("decoder.1", torch.tanh(layer("decoder.0", z))))
    pixels = layer("decoder.output", h)
    target = x[:, None].expand_as(pixels)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    for kind in (*KINDS, CATEGORICAL):
        distribution, scale_kind = kind.split("/")
        inputs = parameters if kind in KINDS else {**parameters, **levels}
        if kind == CATEGORICAL:
            logits = functional.linear(h, levels["decoder.output.weight"], levels["decoder.output.bias"])
            likelihood = log_probability(logits.flatten(0, 1), target.flatten(0, 1)).view(3, 4, 12).sum(-1)
        else:
            scale = {
                "fixed": lambda: torch.tensor(START, dtype=torch.float64),
                "shared": lambda: scale_of(parameters["likelihood.scale"]),
                "per_value": lambda: scale_of(layer("likelihood.scale", h)),
                "optimal": lambda: optimal_scale(pixels, target),
            }[scale_kind]()
            likelihood = log_density(distribution, pixels, scale, target).sum(-1)
        log_weights = likelihood + prior - posterior.log_prob(z).sum(-1)
        tensors[f"{kind}/log_likelihood"] = likelihood
        with_gradients(tensors, f"{kind}/vae", log_weights.mean(1), inputs)
        with_gradients(tensors, f"{kind}/iwae", torch.logsumexp(log_weights, 1) - math.log(4), inputs)
    return tensors


def channels() -> dict:
    """A scale for each channel, of pictures in [-1, 1]: min is 2 / 255, the start 0.5."""
    random = generator(770)
    x = (torch.randint(0, 256, (2, 3, 4, 5), generator=random).double() / 127.5 - 1).float().double()
    mean = (0.6 * torch.randn((2, 3, 4, 5), generator=random)).double().requires_grad_(True)
    u = torch.tensor([-2.0, 0.0, 0.5], dtype=torch.float64, requires_grad=True)
    tensors = {"channels/x": x, "channels/mean": mean, "channels/u": u}
    scale = (2 / 255 + (0.5 - 2 / 255) * u.exp())[:, None, None]
    nll = -torch.distributions.Normal(mean, scale).log_prob(x).flatten(1).sum(1)
    with_gradients(tensors, "channels/nll", nll, {"mean": mean, "u": u})
    return tensors


class Vae(nn.Module):
    """784-48-6 and back, with a scale or so many levels."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, 48), nn.Linear(48, 6), nn.Linear(48, 6)
        self.fc3, self.fc4 = nn.Linear(6, 48), nn.Linear(48, 784 * levels)
        self.scale_weight = nn.Parameter(torch.zeros(784, 48))
        self.scale_bias = nn.Parameter(torch.zeros(784))
        self.shared = nn.Parameter(torch.zeros(1))

    def forward(self, kind: str, x: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Per picture, means over the batch: -log p(x|z), KL; and the mean scale, 0 where there is none."""
        distribution, scale_kind = kind.split("/")
        hidden = functional.relu(self.fc1(x))
        mean, logvar = self.fc21(hidden), self.fc22(hidden)
        h = functional.relu(self.fc3(mean + torch.exp(0.5 * logvar) * noise))
        pixels = self.fc4(h)
        kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum(1).mean()
        if kind == CATEGORICAL:
            return -log_probability(pixels, x).sum(1).mean(), kl, torch.zeros(())
        scale = {
            "fixed": lambda: torch.tensor(START).to(x),
            "shared": lambda: scale_of(self.shared),
            "per_value": lambda: scale_of(functional.linear(h, self.scale_weight, self.scale_bias)),
            "optimal": lambda: optimal_scale(pixels, x),
        }[scale_kind]()
        nll = -log_density(distribution, pixels, scale, x).sum(1).mean()
        return nll, kl, scale.mean()


def run(kind: str, pictures: torch.Tensor, steps: int) -> list[list[float]]:
    """Loss, -log p(x|z), KL, mean scale, norm of the gradient, of each step."""
    torch.manual_seed(1)
    model = Vae(LEVELS if kind == CATEGORICAL else 1).double()
    used = {"shared": ["shared"], "per_value": ["scale_weight", "scale_bias"]}.get(kind.split("/")[1], [])
    unused = {"shared", "scale_weight", "scale_bias"} - set(used)
    parameters = [each for name, each in model.named_parameters() if name not in unused]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    result: list[list[float]] = []
    while True:
        # The order of draws is single precision's.
        for indices in torch.randperm(len(pictures)).split(128):
            if len(result) == steps:
                return result
            x = pictures[indices].double()
            optimizer.zero_grad()
            nll, kl, scale = model(kind, x, torch.randn(len(x), 6).double())
            (nll + kl).backward()
            norm = torch.sqrt(sum(each.grad.pow(2).sum() for each in parameters))
            optimizer.step()
            result.append([value.item() for value in (nll + kl, nll, kl, scale, norm)])


def write() -> None:
    write_tensors(ROOT / "likelihoods.safetensors", {name: value.float() for name, value in {**small_network(), **channels()}.items()})
    pictures = tensor_of(made_up_digits(300, 1))
    write_json(ROOT / "likelihood-runs.json", {kind: run(kind, pictures, 50) for kind in (*KINDS, CATEGORICAL)})


if __name__ == "__main__":
    torch.set_num_threads(1)
    write()
