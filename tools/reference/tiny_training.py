"""The training of AutoencoderTiny against a teacher: gradients and 30 steps by PyTorch's autograd in float64.

    python tools/reference/tiny_training.py     # writes test/fixtures/training/tiny.safetensors; after make_fixtures.py models tiny

Students are models of test/fixtures/tiny-models, teachers AutoencoderKLs of test/fixtures/models (same weights). The
loss is mse(decode(t), pixels) + 0.5 mse(encode(pixels), t), where t is the mean of the teacher's posterior as a
pipeline scales it; each mean is over all values.
  <student>/pixels           [N, C, H, W] in [-1, 1]
  <student>/teacher_latents  t
  <student>/loss, latent     [], latent: the second mean
  <student>/gradients        as in gradients.py: a row for each parameter in the order of sorted names
  steps/pixels               [4, 3, 16, 16]: the first two are the batch of every even step, the others of every odd one
  steps/<halves>/losses      [30] of AdamW on relu, with the parameters of "both" halves, or of one
  steps/<halves>/parameters  sketches of all parameters after them, in the order of sorted names
"""
import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from safetensors.torch import load_file
from torch.nn import functional

from common import FIXTURES, generator, write_tensors
from gradients import sketch
from tiny_models import add_pools

PATH = FIXTURES / "training" / "tiny.safetensors"
LATENT_WEIGHT = 0.5
STEPS = 30

# The student, its teacher (none for TAEF2, whose latents are drawn), the pictures' shape.
CASES = [
    ("relu", "sd", (2, 3, 24, 16)),
    ("silu-uneven", "sd3", (1, 3, 12, 20)),
    ("factor-four", "sdxl", (2, 3, 12, 16)),
    ("taef2", None, (1, 3, 16, 24)),
]


def student_of(name: str) -> AutoencoderTiny:
    folder = FIXTURES / "tiny-models" / name
    if name != "taef2":
        return AutoencoderTiny.from_pretrained(folder, low_cpu_mem_usage=False).double()
    model = AutoencoderTiny.from_config(folder)
    add_pools(model)
    model.load_state_dict(load_file(folder / "diffusion_pytorch_model.safetensors"))
    return model.double()


@torch.no_grad()
def teacher_latents(name: str, pixels: torch.Tensor) -> torch.Tensor:
    model = AutoencoderKL.from_pretrained(FIXTURES / "models" / name, low_cpu_mem_usage=False).double()
    config = model.config
    z = model.encode(pixels).latent_dist.mean
    if config.latents_mean is None:
        return (z - (config.shift_factor or 0)) * config.scaling_factor
    mean, std = (torch.tensor(each, dtype=z.dtype).view(1, -1, 1, 1) for each in (config.latents_mean, config.latents_std))
    return (z - mean) * config.scaling_factor / std


def pixels_of(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.rand(shape, generator=generator(seed)) * 2 - 1


def loss_of(model: AutoencoderTiny, pixels: torch.Tensor, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    latent = functional.mse_loss(model.encode(pixels).latents, latents)
    return functional.mse_loss(model.decode(latents).sample, pixels) + LATENT_WEIGHT * latent, latent


def gradients_of(name: str, teacher: str | None, shape: tuple[int, ...], seed: int) -> dict[str, torch.Tensor]:
    model, pixels = student_of(name), pixels_of(shape, seed)
    if teacher is None:
        latents = torch.randn((shape[0], model.config.latent_channels, shape[2] // 8, shape[3] // 8), generator=generator(seed + 1)).double()
    else:
        latents = teacher_latents(teacher, pixels.double())
    loss, latent = loss_of(model, pixels.double(), latents.float().double())
    parameters = dict(sorted(model.named_parameters()))
    rows = torch.stack([sketch(each) for each in torch.autograd.grad(loss, list(parameters.values()))])
    print(f"{name}: loss {loss:.4f}, latent {latent:.4f}, norms {rows[:, 0].min():.1e} to {rows[:, 0].max():.1e}")
    return {
        f"{name}/pixels": pixels, f"{name}/teacher_latents": latents.float(), f"{name}/loss": loss.float(),
        f"{name}/latent": latent.float(), f"{name}/gradients": rows.float(),
    }


def steps_of(halves: str, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    model = student_of("relu")
    trained = [each for name, each in model.named_parameters() if halves == "both" or name.startswith(halves)]
    optimizer = torch.optim.AdamW(trained, lr=1e-3)
    losses = []
    for step in range(STEPS):
        batch = pixels[2 * (step % 2):][:2].double()
        loss, _ = loss_of(model, batch, teacher_latents("sd", batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"{halves}: losses {losses[0]:.4f} to {losses[-1]:.4f}")
    rows = torch.stack([sketch(each.detach()) for _, each in sorted(model.named_parameters())])
    return {f"steps/{halves}/losses": torch.tensor(losses), f"steps/{halves}/parameters": rows.float()}


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tensors: dict[str, torch.Tensor] = {}
    for index, (name, teacher, shape) in enumerate(CASES):
        tensors |= gradients_of(name, teacher, shape, 1800 + 2 * index)
    pixels = pixels_of((4, 3, 16, 16), 1810)
    tensors |= {"steps/pixels": pixels}
    for halves in ("both", "encoder", "decoder"):
        tensors |= steps_of(halves, pixels)
    write_tensors(PATH, tensors)
    print(f"{PATH.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
