"""torch.randn on the CPU. random/randn.safetensors: `<seed>_<n>` is the first draw of n numbers, `<seed>_<n>_next` the second."""
import shutil

import torch

from common import FIXTURES, generator, relative, write_tensors

ROOT = FIXTURES / "random"


def write() -> list[dict]:
    shutil.rmtree(ROOT, ignore_errors=True)
    tensors = {}
    # PyTorch has another path from 16 elements on, and redraws the last 16 when 16 does not divide the count.
    for seed in (0, 42, 2**32 + 5):
        for count in (1, 5, 15, 16, 17, 31, 64, 700):
            random = generator(seed)
            tensors[f"{seed}_{count}"] = torch.randn(count, generator=random)
            tensors[f"{seed}_{count}_next"] = torch.randn(count, generator=random)
    path = ROOT / "randn.safetensors"
    write_tensors(path, tensors)
    return [dict(name="randn", golden=relative(path))]
