"""DiagonalGaussianDistribution: every quantity, for ordinary and for clamped log-variances.

posterior/<case>.safetensors: parameters, other_parameters, noise, value (inputs); mean, logvar, std, var, mode,
sample (with that noise), kl, kl_other, nll, nll_spatial (dims [2, 3]); deterministic_* for deterministic=True.
"""
import shutil

import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

from common import FIXTURES, generator, relative, write_tensors

ROOT = FIXTURES / "posterior"


def quantities(parameters: torch.Tensor, seed: int) -> dict[str, torch.Tensor]:
    random = generator(seed)
    other_parameters = torch.randn(parameters.shape, generator=random)
    posterior = DiagonalGaussianDistribution(parameters)
    other = DiagonalGaussianDistribution(other_parameters)
    fixed = DiagonalGaussianDistribution(parameters, deterministic=True)
    noise = torch.randn(posterior.mean.shape, generator=generator(seed + 1))
    value = torch.randn(posterior.mean.shape, generator=random)
    sample = posterior.sample(generator(seed + 1))
    assert torch.equal(sample, posterior.mean + posterior.std * noise)
    return dict(
        parameters=parameters, other_parameters=other_parameters, noise=noise, value=value,
        mean=posterior.mean, logvar=posterior.logvar, std=posterior.std, var=posterior.var,
        mode=posterior.mode(), sample=sample,
        kl=posterior.kl(), kl_other=posterior.kl(other), nll=posterior.nll(value), nll_spatial=posterior.nll(value, [2, 3]),
        deterministic_std=fixed.std, deterministic_var=fixed.var, deterministic_sample=fixed.sample(generator(seed + 1)),
        deterministic_kl=fixed.kl(), deterministic_nll=fixed.nll(value),
    )


def write() -> list[dict]:
    shutil.rmtree(ROOT, ignore_errors=True)
    ordinary = torch.randn((3, 8, 5, 7), generator=generator(60))
    clamped = torch.randn((2, 4, 3, 2), generator=generator(61))
    # Log-variances below, at and above both limits [-30, 20].
    clamped[0, 2, :, 0] = torch.tensor([-31.0, -30.0, -1000.0])
    clamped[1, 3, :, 1] = torch.tensor([20.5, 20.0, 1000.0])
    entries = []
    for name, parameters in (("ordinary", ordinary), ("clamped", clamped)):
        path = ROOT / f"{name}.safetensors"
        write_tensors(path, quantities(parameters, seed=600))
        entries.append(dict(name=name, golden=relative(path)))
    return entries
