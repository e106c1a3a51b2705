"""An AutoencoderKL with a scale beside its pixels: values, gradients and runs, of diffusers' model in double precision.

    python tools/reference/picture_likelihoods.py     # writes test/fixtures/training/picture-likelihoods.safetensors

  <parameter>              of the small model of the gradients, and its scale's under their names
  x, noise                 [2, 3, 6, 4] in [-1, 1]; [2, SAMPLES, 2, 3, 2], the samples of one picture together
  <KIND>/elbo              [2]: the mean over the samples of log p(x|z), minus the KL
  <KIND>/elbo.gradient     that of its sum: at every parameter of the kind, end to end, in the order of sorted names
  <KIND>/log_weights       [2, SAMPLES]: log p(x|z) + log p(z) - log q(z|x)
  runs/x                   [12, 3, 8, 8], the pictures of the runs
  runs/<KIND>              [50, 5]: loss, -log p(x|z), KL, mean scale, norm of the gradient of each step
"""
import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional

from common import FIXTURES, generator, write_tensors
from likelihoods import log_density, optimal_scale, scale_of

PATH = FIXTURES / "training" / "picture-likelihoods.safetensors"
LEVEL, START, SAMPLES, STEPS = 2 / 255, 0.5, 3, 50
KINDS = ("normal/fixed", "normal/shared", "normal/per_channel", "normal/per_value", "normal/optimal",
         "discretized_logistic/shared", "discretized_logistic/per_channel", "discretized_logistic/per_value")


def model_of(block_out_channels: list[int], groups: int) -> AutoencoderKL:
    levels = len(block_out_channels)
    return AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * levels, up_block_types=["UpDecoderBlock2D"] * levels,
        block_out_channels=block_out_channels, latent_channels=2, layers_per_block=1, norm_num_groups=groups,
        mid_block_add_attention=False)


class WithScale(nn.Module):
    """A model, and every scale that it can have."""

    def __init__(self, vae: AutoencoderKL):
        super().__init__()
        self.vae = vae
        channels = vae.decoder.conv_out.in_channels
        self.shared, self.per_channel = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(3))
        self.weight, self.bias = nn.Parameter(torch.zeros(3, channels, 3, 3)), nn.Parameter(torch.zeros(3))
        vae.decoder.conv_act.register_forward_hook(lambda module, inputs, output: setattr(self, "features", output))

    def scales(self, kind: str) -> dict[str, nn.Parameter]:
        """The parameters of a kind's scale, by their names in vaekit."""
        return {
            "shared": {"likelihood.scale": self.shared},
            "per_channel": {"likelihood.scale": self.per_channel},
            "per_value": {"likelihood.scale.weight": self.weight, "likelihood.scale.bias": self.bias},
        }.get(kind.split("/")[1], {})

    def parameters_of(self, kind: str) -> dict[str, nn.Parameter]:
        return {**dict(self.vae.named_parameters()), **self.scales(kind)}

    def posterior(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance."""
        found = self.vae.encode(x).latent_dist
        return found.mean, found.logvar

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.vae.decode(z).sample

    def log_likelihood(self, kind: str, z: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each picture, and the scale."""
        pixels = self.decode(z)
        distribution, scale_kind = kind.split("/")
        scale = {
            "fixed": lambda: torch.tensor(START).to(x),
            "shared": lambda: scale_of(self.shared, LEVEL, START),
            "per_channel": lambda: scale_of(self.per_channel, LEVEL, START)[:, None, None],
            "per_value": lambda: scale_of(functional.conv2d(self.features, self.weight, self.bias, padding=1), LEVEL, START),
            "optimal": lambda: optimal_scale(pixels, x, LEVEL),
        }[scale_kind]()
        return log_density(distribution, pixels, scale, x, -1, LEVEL).flatten(1).sum(1), scale


def kl_of(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    return -0.5 * (1 + logvar - mean**2 - logvar.exp()).flatten(1).sum(1)


def pictures(shape: tuple[int, ...], random: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 256, shape, generator=random).double() / 127.5 - 1


def gradient_of(value: torch.Tensor, parameters: dict[str, nn.Parameter]) -> torch.Tensor:
    found = torch.autograd.grad(value.sum(), [parameters[name] for name in sorted(parameters)], retain_graph=True)
    return torch.cat([each.flatten() for each in found])


def small_network() -> dict[str, torch.Tensor]:
    random = generator(780)
    model = WithScale(model_of([2, 2], 1))
    for parameter in model.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=random)
    model = model.double()
    x = pictures((2, 3, 6, 4), random)
    x[0, :, 0] = torch.tensor([-1.0, -1.0, 1.0, 1.0])
    noise = torch.randn((2, SAMPLES, 2, 3, 2), generator=random)
    x, noise = x.float().double(), noise.double()
    tensors = {"x": x, "noise": noise, **model.parameters_of("normal/per_value")}
    tensors |= {"shared": model.shared, "per_channel": model.per_channel}
    mean, logvar = model.posterior(x)
    std = (0.5 * logvar).exp()
    z = (mean[:, None] + std[:, None] * noise).flatten(0, 1)
    repeated = x.repeat_interleave(SAMPLES, 0)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).flatten(1).sum(1)
    posterior = torch.distributions.Normal(mean, std)
    density = torch.stack([posterior.log_prob(each).flatten(1).sum(1) for each in z.unflatten(0, (2, SAMPLES)).unbind(1)], 1)
    for kind in KINDS:
        likelihood, _ = model.log_likelihood(kind, z, repeated)
        by_sample = likelihood.view(2, SAMPLES)
        tensors[f"{kind}/log_weights"] = by_sample + prior.view(2, SAMPLES) - density
        elbo = by_sample.mean(1) - kl_of(mean, logvar)
        tensors |= {f"{kind}/elbo": elbo, f"{kind}/elbo.gradient": gradient_of(elbo, model.parameters_of(kind))}
    return tensors


def run(kind: str, x: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(1)
    model = WithScale(model_of([4, 4], 2)).double()
    parameters = list(model.parameters_of(kind).values())
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    result: list[list[float]] = []
    while True:
        # The order of draws is single precision's.
        for indices in torch.randperm(len(x)).split(4):
            if len(result) == STEPS:
                return torch.tensor(result)
            batch = x[indices].float().double()
            optimizer.zero_grad()
            mean, logvar = model.posterior(batch)
            noise = torch.randn(mean.shape).double()
            likelihood, scale = model.log_likelihood(kind, mean + (0.5 * logvar).exp() * noise, batch)
            nll, kl = -likelihood.mean(), kl_of(mean, logvar).mean()
            (nll + kl).backward()
            norm = torch.sqrt(sum(each.grad.pow(2).sum() for each in parameters))
            optimizer.step()
            result.append([value.item() for value in (nll + kl, nll, kl, scale.mean(), norm)])


def main() -> None:
    torch.set_num_threads(1)
    tensors = small_network()
    x = pictures((12, 3, 8, 8), generator(781))
    tensors["runs/x"] = x
    tensors |= {f"runs/{kind}": run(kind, x) for kind in KINDS}
    write_tensors(PATH, {name: tensor.float() for name, tensor in tensors.items()})
    print(f"{PATH.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
