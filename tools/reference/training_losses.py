"""Losses and small networks of the trainer: values and gradients from PyTorch's autograd.

    python tools/reference/training_losses.py     # writes test/fixtures/training, LPIPS included

losses.safetensors: inputs, then <loss> and <loss>.grad.<input> with the gradient of the loss's sum.
importance.safetensors: a small Bernoulli VAE (parameters under their names), log weights, both bounds, gradients.
discriminator.safetensors: <norm>/... for taming's NLayerDiscriminator after torch.manual_seed(7); the parameters are
not stored but their sums: vaekit draws the same bits.
lpips.safetensors: see perceptual.py.
"""
import math

import torch
from torch import nn
from torch.nn import functional

import perceptual
from common import FIXTURES, generator, relative, write_tensors

ROOT = FIXTURES / "training"
NAMES = ("losses", "importance", "discriminator", "lpips")


def with_gradients(tensors: dict, name: str, value: torch.Tensor, inputs: dict[str, torch.Tensor]) -> None:
    tensors[name] = value
    gradients = torch.autograd.grad(value.sum(), list(inputs.values()), retain_graph=True)
    for key, gradient in zip(inputs, gradients):
        tensors[f"{name}.grad.{key}"] = gradient


def per_example(values: torch.Tensor) -> torch.Tensor:
    return values.flatten(1).sum(1)


def reconstruction(tensors: dict) -> None:
    random = generator(700)
    x = torch.rand((2, 3, 4, 5), generator=random)
    x[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    y = torch.randn((2, 3, 4, 5), generator=random)
    y[1, 0, 0, :2] = torch.tensor([40.0, -120.0])
    perceptual_distance = torch.rand(2, generator=random)
    s = torch.tensor(0.3)
    tensors |= dict(x=x, y=y, perceptual=perceptual_distance, s=s)
    for leaf in (y, s, perceptual_distance):
        leaf.requires_grad_(True)
    with_gradients(tensors, "mse", per_example(functional.mse_loss(y, x, reduction="none")), dict(y=y))
    with_gradients(tensors, "l1", per_example(functional.l1_loss(y, x, reduction="none")), dict(y=y))
    bce = functional.binary_cross_entropy_with_logits(y, x, reduction="none")
    with_gradients(tensors, "bce", per_example(bce), dict(y=y))

    # contperceptual.py, word by word: LPIPS is added to every value, then the likelihood, then sum / batch.
    rec = (x - y).abs() + 0.7 * perceptual_distance[:, None, None, None]
    nll = rec / torch.exp(s) + s
    value = nll.sum() / nll.shape[0]
    with_gradients(tensors, "nll_ldm", value, dict(y=y, s=s, perceptual=perceptual_distance))
    with_gradients(tensors, "nll_mean", nll.mean(), dict(y=y, s=s))


def divergence(tensors: dict) -> None:
    random = generator(710)
    moments = torch.randn((3, 4, 2, 2), generator=random)
    moments[0, 2, 0, 0] = -31.0
    moments[1, 3, 0, 1] = 20.5
    moments[1, 3, 0, 0] = 9.0
    moments[:, 0] *= 0.05
    moments[:, 2] *= 0.05
    moments[0, 2, 0, 0] = -31.0
    noise = torch.randn((3, 2, 2, 2), generator=random)
    tensors |= dict(moments=moments, noise=noise)
    moments.requires_grad_(True)
    mean, logvar = moments.chunk(2, dim=1)
    logvar = logvar.clamp(-30.0, 20.0)
    kl = 0.5 * (mean**2 + logvar.exp() - 1.0 - logvar)
    with_gradients(tensors, "kl", per_example(kl), dict(moments=moments))
    channels = kl.sum((2, 3)).mean(0)
    with_gradients(tensors, "kl_channels", channels, dict(moments=moments))
    free = 100.0
    assert (channels < free).any() and (channels > free).any(), channels
    with_gradients(tensors, "kl_free", channels.clamp(min=free).sum(), dict(moments=moments))
    sample = mean + torch.exp(0.5 * logvar) * noise
    with_gradients(tensors, "sample", sample, dict(moments=moments))


def adversarial(tensors: dict) -> None:
    random = generator(720)
    real = 1.5 * torch.randn((2, 1, 3, 3), generator=random)
    fake = 1.5 * torch.randn((2, 1, 3, 3), generator=random)
    tensors |= dict(real=real, fake=fake)
    real.requires_grad_(True)
    fake.requires_grad_(True)
    hinge = 0.5 * (functional.relu(1.0 - real).mean() + functional.relu(1.0 + fake).mean())
    vanilla = 0.5 * (functional.softplus(-real).mean() + functional.softplus(fake).mean())
    with_gradients(tensors, "hinge", hinge, dict(real=real, fake=fake))
    with_gradients(tensors, "vanilla", vanilla, dict(real=real, fake=fake))
    with_gradients(tensors, "generator", -fake.mean(), dict(fake=fake))
    for name, scale in (("adaptive", 0.01), ("adaptive_limited", 0.0)):
        nll_gradient = 3 * torch.randn((3, 4, 3, 3), generator=random)
        adversarial_gradient = scale * torch.randn((3, 4, 3, 3), generator=random)
        weight = torch.norm(nll_gradient) / (torch.norm(adversarial_gradient) + 1e-4)
        weight = torch.clamp(weight, 0.0, 1e4) * 0.5
        tensors |= {f"{name}.nll": nll_gradient, f"{name}.adversarial": adversarial_gradient, name: weight}


def importance() -> dict:
    """The IWAE paper's model in small: 12-5-4-3, four samples of each of three pictures."""
    random = generator(730)
    sizes = {"encoder.0": (5, 12), "encoder.1": (4, 5), "encoder.mean": (3, 4), "encoder.logstd": (3, 4),
             "decoder.0": (4, 3), "decoder.1": (5, 4), "decoder.output": (12, 5)}
    parameters = {}
    for name, (outputs, inputs) in sizes.items():
        parameters[f"{name}.weight"] = 0.7 * torch.randn((outputs, inputs), generator=random)
        parameters[f"{name}.bias"] = 0.3 * torch.randn(outputs, generator=random)
    x = torch.bernoulli(torch.full((3, 12), 0.4), generator=random)
    noise = torch.randn((3, 4, 3), generator=random)
    tensors = {**parameters, "x": x, "noise": noise.reshape(12, 3)}
    for parameter in parameters.values():
        parameter.requires_grad_(True)

    def layer(name: str, h: torch.Tensor) -> torch.Tensor:
        return functional.linear(h, parameters[f"{name}.weight"], parameters[f"{name}.bias"])

    h = torch.tanh(layer("encoder.1", torch.tanh(layer("encoder.0", x))))
    mean, std = layer("encoder.mean", h)[:, None], layer("encoder.logstd", h).exp()[:, None]
    posterior = torch.distributions.Normal(mean, std)
    z = mean + std * noise
    logits = layer("decoder.output", torch.tanh(layer("decoder.1", torch.tanh(layer("decoder.0", z)))))
    likelihood = torch.distributions.Bernoulli(logits=logits).log_prob(x[:, None].expand_as(logits)).sum(-1)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    log_weights = likelihood + prior - posterior.log_prob(z).sum(-1)
    tensors |= dict(mean=mean[:, 0], logvar=2 * std[:, 0].log(), logits=logits.reshape(12, 12), likelihood=likelihood)
    tensors["log_weights"] = log_weights
    with_gradients(tensors, "vae", log_weights.mean(1), parameters)
    with_gradients(tensors, "iwae", torch.logsumexp(log_weights, 1) - math.log(4), parameters)
    return tensors


class ActNorm(nn.Module):
    """scale * (x + loc), set from the first batch; taming/modules/util.py."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.is_set = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.is_set:
            self.is_set = True
            with torch.no_grad():
                self.loc.copy_(-x.mean((0, 2, 3), keepdim=True))
                self.scale.copy_(1 / (x.std((0, 2, 3), keepdim=True) + 1e-6))
        return self.scale * (x + self.loc)


def discriminator(norm: str, base: int, layers: int) -> nn.Sequential:
    """The layers of taming's NLayerDiscriminator, with its initialisation, for any norm."""
    norms = {"batch": nn.BatchNorm2d, "group": lambda c: nn.GroupNorm(min(32, c), c), "none": lambda _: nn.Identity(),
             "actnorm": ActNorm}
    bias = norm != "batch"
    modules = [nn.Conv2d(3, base, 4, 2, 1), nn.LeakyReLU(0.2)]
    channels = base
    for i in range(1, layers + 1):
        wider = base * min(2**i, 8)
        stride = 2 if i < layers else 1
        modules += [nn.Conv2d(channels, wider, 4, stride, 1, bias=bias), norms[norm](wider), nn.LeakyReLU(0.2)]
        channels = wider
    modules.append(nn.Conv2d(channels, 1, 4, 1, 1))
    for module in modules:
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.constant_(module.bias, 0)
    return nn.Sequential(*modules)


def discriminators() -> dict:
    x = torch.rand((2, 3, 16, 16), generator=generator(740)) * 2 - 1
    tensors = {"x": x}
    for norm in ("batch", "group", "none", "actnorm"):
        torch.manual_seed(7)
        network = discriminator(norm, base=4, layers=2)
        tensors |= {
            f"{norm}/sum/main.{name}": parameter.detach().double().sum()
            for name, parameter in network.named_parameters()
        }
        leaf = x.clone().requires_grad_(True)
        logits = network(leaf)
        tensors[f"{norm}/logits"] = logits
        tensors[f"{norm}/grad"] = torch.autograd.grad(logits.square().sum(), leaf)[0]
        if norm == "actnorm":
            tensors |= {
                f"actnorm/initial/main.{name}": parameter
                for name, parameter in network.named_parameters()
                if name.endswith((".loc", ".scale"))
            }
    return tensors


def write() -> list[dict]:
    losses: dict = {}
    reconstruction(losses)
    divergence(losses)
    adversarial(losses)
    write_tensors(ROOT / "losses.safetensors", losses)
    write_tensors(ROOT / "importance.safetensors", importance())
    write_tensors(ROOT / "discriminator.safetensors", discriminators())
    perceptual.write(ROOT / "lpips.safetensors")
    return [dict(name=path.stem, golden=relative(path)) for path in (ROOT / f"{name}.safetensors" for name in NAMES)]


if __name__ == "__main__":
    torch.set_num_threads(1)
    write()
