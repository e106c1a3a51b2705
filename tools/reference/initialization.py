"""PyTorch's fresh weights: torch.manual_seed(seed), then AutoencoderKL(**config), one file per config.

initialization/<case>.json: config, seed, and per parameter, in state_dict order, shape, first and last four values
(float32, exact in JSON's doubles) and the sum in float64.
"""
import json
import shutil

import torch
from diffusers import AutoencoderKL

from common import FIXTURES, relative
from models import ATTENTION_DOWN, ATTENTION_UP, DOWN, NO_QUANT, UP, config

ROOT = FIXTURES / "initialization"

CASES = [
    ("plain", 0, config([4, 8])),
    ("deep", 7, config([4, 8, 8], layers_per_block=2, latent_channels=16, mid_block_add_attention=False, **NO_QUANT)),
    ("attention", 1234, config([4, 8], down_block_types=[DOWN, ATTENTION_DOWN], up_block_types=[ATTENTION_UP, UP])),
]


def statistics(tensor: torch.Tensor) -> dict:
    flat = tensor.flatten()
    return dict(shape=list(tensor.shape), first=flat[:4].tolist(), last=flat[-4:].tolist(), sum=flat.double().sum().item())


def one_line_each(seed: int, settings: dict, parameters: dict) -> str:
    """The JSON with one parameter per line: a third of the size of an indented one, and still readable in a diff."""
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in parameters.items())
    return f'{{\n  "seed": {seed},\n  "config": {json.dumps(settings)},\n  "parameters": {{\n{lines}\n  }}\n}}\n'


def write() -> list[dict]:
    shutil.rmtree(ROOT, ignore_errors=True)
    entries = []
    for name, seed, settings in CASES:
        torch.manual_seed(seed)
        model = AutoencoderKL(**settings)
        path = ROOT / f"{name}.json"
        parameters = {key: statistics(tensor) for key, tensor in model.state_dict().items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one_line_each(seed, settings, parameters))
        entries.append(dict(name=name, golden=relative(path)))
    return entries
