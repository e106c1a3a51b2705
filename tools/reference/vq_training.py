"""The training of VQModel: gradients and 50 steps by PyTorch's autograd in float64, of diffusers' VQModel.

    python tools/reference/vq_training.py     # writes test/fixtures/training/vq.safetensors; after make_fixtures.py vq

The model is test/fixtures/vq-models/group or spatial (same weights), the loss mse + commit_loss.
  <model>/pixels               [N, C, H, W] in [-1, 1]
  <model>/<kind>/loss          [], with kind "legacy" (beta weighs the codebook's loss) or "plain" (the commitment)
  <model>/<kind>/commit_loss   []
  <model>/<kind>/gradients     as in gradients.py: a row for each parameter in the order of sorted names
  steps/pixels                 [6, 3, 16, 16]: the first three are the batch of every even step, the others of every odd one
  steps/<kind>/losses          [50], kind also "average": the rows are moving averages, see AverageQuantizer; and
                               "restarts": the same, and unused ones begin anew
  steps/<kind>/codebook        [rows, E] after them
  steps/<kind>/counts, sums    the averages after them
"""
import torch
from diffusers import VQModel
from torch import nn
from torch.nn import functional

from common import FIXTURES, generator, write_tensors
from gradients import sketch

PATH = FIXTURES / "training" / "vq.safetensors"
BETA, DECAY, EPSILON, RESTART_BELOW = 0.25, 0.95, 1e-5, 0.5
STEPS = 50
# Far above float32's rounding, so that every implementation finds the same rows.
LEAST_GAP = 1e-4


def load(name: str) -> VQModel:
    return VQModel.from_pretrained(FIXTURES / "vq-models" / name, low_cpu_mem_usage=False).double()


def pixels_of(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.rand(shape, generator=generator(seed)) * 2 - 1


class AverageQuantizer(nn.Module):
    """Rows that follow the latents (van den Oord et al. 2017, appendix A.1), in the place of diffusers' VectorQuantizer."""

    def __init__(self, rows: torch.Tensor, restarts: bool):
        super().__init__()
        self.restarts, self.restarted = restarts, 0
        self.register_buffer("rows", rows.clone())
        self.register_buffer("counts", torch.ones(len(rows), dtype=rows.dtype))
        self.register_buffer("sums", rows.clone())

    def forward(self, z: torch.Tensor):
        flat = z.detach().permute(0, 2, 3, 1).flatten(0, 2)
        indices = torch.cdist(flat, self.rows).argmin(1)
        places = (z.shape[0], *z.shape[2:], z.shape[1])
        nearest = self.rows[indices].view(places).permute(0, 3, 1, 2)
        uses = functional.one_hot(indices, len(self.rows)).to(z.dtype)
        self.counts.mul_(DECAY).add_((1 - DECAY) * uses.sum(0))
        self.sums.mul_(DECAY).add_((1 - DECAY) * uses.T @ flat)
        if self.restarts:
            unused = self.counts < RESTART_BELOW
            self.restarted += int(unused.sum())
            step = max(1, len(flat) // len(self.rows))
            self.counts[unused] = 1
            self.sums[unused] = flat[::step][:len(self.rows)][unused]
        total = self.counts.sum()
        smoothed = (self.counts + EPSILON) / (total + len(self.rows) * EPSILON) * total
        self.rows = self.sums / smoothed[:, None]
        loss = BETA * functional.mse_loss(z, nearest)
        return z + (nearest - z).detach(), loss, (None, None, indices)


def loss_of(model: VQModel, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    output = model(pixels)
    return functional.mse_loss(output.sample, pixels) + output.commit_loss, output.commit_loss


def gap_of(rows: torch.Tensor, latents: torch.Tensor) -> float:
    """How much nearer the nearest row is than the second, at the closest call."""
    distances = torch.cdist(latents.permute(0, 2, 3, 1).flatten(0, 2), rows)
    nearest = distances.topk(2, largest=False).values
    return (nearest[:, 1] - nearest[:, 0]).min().item()


def gradients_of(name: str, shape: tuple[int, ...], seed: int) -> dict[str, torch.Tensor]:
    pixels = pixels_of(shape, seed)
    tensors = {f"{name}/pixels": pixels}
    for kind in ("legacy", "plain"):
        model = load(name)
        model.quantize.legacy = kind == "legacy"
        gap = gap_of(model.quantize.embedding.weight, model.encode(pixels.double()).latents)
        assert gap > LEAST_GAP, gap
        loss, commit = loss_of(model, pixels.double())
        parameters = dict(sorted(model.named_parameters()))
        rows = torch.stack([sketch(each) for each in torch.autograd.grad(loss, list(parameters.values()))])
        print(f"{name}, {kind}: loss {loss:.4f}, commit_loss {commit:.4f}, gap {gap:.1e}")
        tensors |= {f"{name}/{kind}/loss": loss.float(), f"{name}/{kind}/commit_loss": commit.float()}
        tensors |= {f"{name}/{kind}/gradients": rows.float()}
    return tensors


def rows_of(model: VQModel) -> torch.Tensor:
    quantizer = model.quantize
    return quantizer.rows if isinstance(quantizer, AverageQuantizer) else quantizer.embedding.weight.detach()


def steps_of(kind: str, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    model = load("group")
    if kind in ("average", "restarts"):
        model.quantize = AverageQuantizer(model.quantize.embedding.weight.detach(), kind == "restarts")
    else:
        model.quantize.legacy = kind == "legacy"
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses, gaps = [], []
    for step in range(STEPS):
        batch = pixels[3 * (step % 2):][:3].double()
        with torch.no_grad():
            gaps.append(gap_of(rows_of(model), model.encode(batch).latents))
        loss, _ = loss_of(model, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(gaps) > LEAST_GAP, min(gaps)
    print(f"{kind}: losses {losses[0]:.4f} to {losses[-1]:.4f}, gap {min(gaps):.1e}")
    tensors = {f"steps/{kind}/losses": torch.tensor(losses), f"steps/{kind}/codebook": rows_of(model).float()}
    if kind in ("average", "restarts"):
        print(f"{model.quantize.restarted} restarts")
        tensors |= {f"steps/{kind}/counts": model.quantize.counts.float(), f"steps/{kind}/sums": model.quantize.sums.float()}
    return tensors


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tensors = gradients_of("group", (2, 3, 20, 28), 1700) | gradients_of("spatial", (1, 3, 12, 16), 1702)
    pixels = pixels_of((6, 3, 16, 16), 1710)
    tensors |= {"steps/pixels": pixels}
    for kind in ("legacy", "plain", "average", "restarts"):
        tensors |= steps_of(kind, pixels)
    write_tensors(PATH, tensors)
    print(f"{PATH.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
