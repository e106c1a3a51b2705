"""One side of `npm run bench:train`: times diffusers' AutoencoderKL in a plain PyTorch training step.

Takes one argument, JSON with config, batch, side, steps, warmUp and threads; prints JSON with the number of
parameters, the milliseconds of each step and the process's peak memory.
"""
import copy
import json
import resource
import sys
import time

import torch
from diffusers import AutoencoderKL


def main() -> None:
    settings = json.loads(sys.argv[1])
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(0)
    model = AutoencoderKL(**{key: value for key, value in settings["config"].items() if key != "_class_name"})
    average = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98), weight_decay=1e-4)
    sample = torch.randn(settings["batch"], 3, settings["side"], settings["side"])
    milliseconds = []
    for _ in range(settings["warmUp"] + settings["steps"]):
        start = time.perf_counter()
        posterior = model.encode(sample).latent_dist
        reconstruction = model.decode(posterior.sample()).sample
        kl = 0.5 * (posterior.mean.pow(2) + posterior.var - 1 - posterior.logvar).mean()
        loss = (reconstruction - sample).pow(2).mean() + 1e-5 * kl
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for shadow, parameter in zip(average.parameters(), model.parameters(), strict=True):
                shadow.lerp_(parameter, 0.01)
        loss.item()
        milliseconds.append(1000 * (time.perf_counter() - start))
    result = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "milliseconds": milliseconds[settings["warmUp"] :],
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
