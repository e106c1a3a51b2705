"""Steps of training: PyTorch's optimizers, clipping, schedules and averages, and LDM's step with a discriminator.

    python tools/reference/optimizer_steps.py     # writes test/fixtures/training/{optimizer,adversarial}-steps.safetensors

optimizer-steps: a VAE of 6-5-2 (names of pytorch/examples), two batches per step, ten steps.
    initial/<parameter>, x [20, 3, 6], noise [20, 3, 2], then for each case <case>/<parameter>, <case>/norms [10] and,
    with an average, <case>/ema/<parameter>.
adversarial-steps: a tiny AutoencoderKL and taming's NLayerDiscriminator, two steps with the discriminator in both.
    initial/<parameter>, discriminator/initial/<parameter>, x, noise, then autoencoder/<parameter>,
    discriminator/<parameter> after both steps, and the terms of the steps, [2] each.
"""
import torch
from diffusers import AutoencoderKL
from diffusers.optimization import get_cosine_schedule_with_warmup
from diffusers.training_utils import EMAModel
from torch import nn
from torch.nn import functional

from common import FIXTURES, generator, write_tensors
from training_losses import discriminator

ROOT = FIXTURES / "training"


class Vae(nn.Module):
    """pytorch/examples, vae/main.py, smaller."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(6, 5)
        self.fc21 = nn.Linear(5, 2)
        self.fc22 = nn.Linear(5, 2)
        self.fc3 = nn.Linear(2, 5)
        self.fc4 = nn.Linear(5, 6)

    def loss(self, x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        hidden = self.fc1(x).relu()
        mean, logvar = self.fc21(hidden), self.fc22(hidden)
        logits = self.fc4(self.fc3(mean + noise * (0.5 * logvar).exp()).relu())
        error = functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        kl = -0.5 * (1 + logvar - mean.square() - logvar.exp()).sum(1)
        return (error + 0.5 * kl).mean()


STEPS, ACCUMULATE = 10, 2


def optimizer_case(tensors: dict, name: str, make, clip: float | None, scheduled: bool, averaged: bool) -> None:
    model = Vae()
    model.load_state_dict({key[8:]: value for key, value in tensors.items() if key.startswith("initial/")})
    optimizer = make(model.parameters())
    schedule = get_cosine_schedule_with_warmup(optimizer, 3, STEPS) if scheduled else None
    average = EMAModel(model.parameters(), decay=0.4) if averaged else None
    norms = []
    for step in range(STEPS):
        optimizer.zero_grad()
        for index in range(step * ACCUMULATE, (step + 1) * ACCUMULATE):
            (model.loss(tensors["x"][index], tensors["noise"][index]) / ACCUMULATE).backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), float("inf") if clip is None else clip))
        optimizer.step()
        if schedule is not None:
            schedule.step()
        if average is not None:
            average.step(model.parameters())
    tensors |= {f"{name}/{key}": value for key, value in model.state_dict().items()}
    tensors[f"{name}/norms"] = torch.stack(norms)
    if average is not None:
        keys = [key for key, _ in model.named_parameters()]
        tensors |= {f"{name}/ema/{key}": value for key, value in zip(keys, average.shadow_params)}


def optimizer_steps() -> dict:
    torch.manual_seed(3)
    tensors = {f"initial/{key}": value.clone() for key, value in Vae().state_dict().items()}
    random = generator(800)
    tensors["x"] = torch.rand((STEPS * ACCUMULATE, 3, 6), generator=random)
    tensors["noise"] = torch.randn((STEPS * ACCUMULATE, 3, 2), generator=random)
    adamw = lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.2)  # noqa: E731
    adam = lambda p: torch.optim.Adam(p, lr=0.02, weight_decay=0.1)  # noqa: E731
    optimizer_case(tensors, "adamw", adamw, clip=0.3, scheduled=True, averaged=True)
    optimizer_case(tensors, "adam", adam, clip=None, scheduled=False, averaged=False)
    return tensors


LATENT_CHANNELS, SIDE, BATCH = 2, 16, 2


def adversarial_steps() -> dict:
    torch.manual_seed(5)
    vae = AutoencoderKL(
        block_out_channels=(4, 4), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1, latent_channels=LATENT_CHANNELS, norm_num_groups=2, mid_block_add_attention=False,
    )
    judge = discriminator("group", base=4, layers=1)
    tensors = {f"initial/{key}": value.clone() for key, value in vae.state_dict().items()}
    tensors |= {f"discriminator/initial/main.{key}": value.clone() for key, value in judge.state_dict().items()}
    random = generator(810)
    tensors["x"] = torch.rand((2, BATCH, 3, SIDE, SIDE), generator=random) * 2 - 1
    tensors["noise"] = torch.randn((2, BATCH, LATENT_CHANNELS, SIDE // 2, SIDE // 2), generator=random)
    logvar = nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([*vae.parameters(), logvar], lr=1e-3)
    judge_optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)
    terms: dict[str, list[torch.Tensor]] = {}
    for x, noise in zip(tensors["x"], tensors["noise"]):
        posterior = vae.encode(x).latent_dist
        reconstruction = vae.decode(posterior.mean + posterior.std * noise).sample
        # contperceptual.py without LPIPS; its kl is a sum over the latents, its nll a sum over the values.
        error = (x - reconstruction).abs()
        nll = (error / logvar.exp() + logvar).sum() / BATCH
        kl = posterior.kl().sum() / BATCH
        generated = -judge(reconstruction).mean()
        last = vae.decoder.conv_out.weight
        nll_gradient = torch.autograd.grad(nll, last, retain_graph=True)[0]
        generated_gradient = torch.autograd.grad(generated, last, retain_graph=True)[0]
        adaptive = (nll_gradient.norm() / (generated_gradient.norm() + 1e-4)).clamp(0, 1e4).detach() * 0.5
        loss = nll + 0.01 * kl + adaptive * 0.8 * generated
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        fake = reconstruction.detach()
        judged = 0.8 * 0.5 * ((1 - judge(x)).relu().mean() + (1 + judge(fake)).relu().mean())
        judge_optimizer.zero_grad()
        judged.backward()
        judge_optimizer.step()
        step = dict(reconstruction=error.sum() / BATCH, kl=kl, generator=generated, adaptive_weight=adaptive,
                    loss=loss, discriminator=judged, logvar=logvar)
        for name, value in step.items():
            terms.setdefault(name, []).append(value.detach().clone())
    tensors |= {f"autoencoder/{key}": value for key, value in vae.state_dict().items()}
    tensors |= {f"discriminator/main.{key}": value for key, value in judge.state_dict().items()}
    tensors["autoencoder/loss.logvar"] = logvar.reshape(1)
    return tensors | {f"terms/{name}": torch.stack(values) for name, values in terms.items()}


def write() -> None:
    write_tensors(ROOT / "optimizer-steps.safetensors", optimizer_steps())
    write_tensors(ROOT / "adversarial-steps.safetensors", adversarial_steps())


if __name__ == "__main__":
    torch.set_num_threads(1)
    write()
