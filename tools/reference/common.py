"""What every fixture module shares: where fixtures lie, seeded numbers, and how files are written."""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "fixtures"


def generator(seed: int) -> torch.Generator:
    """A CPU generator of its own, so that one case never shifts the numbers of another."""
    return torch.Generator().manual_seed(seed)


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    contiguous = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    save_file(contiguous, str(path), metadata=metadata or {"format": "pt"})


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def relative(path: Path) -> str:
    """The path as the manifest names it: relative to test/fixtures, with forward slashes."""
    return path.relative_to(FIXTURES).as_posix()
