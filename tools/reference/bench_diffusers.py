"""One side of `npm run bench`: a diffusers model on the processor, in a process of its own.

Takes one argument, JSON with mode, half, shape, threads, modelFolder, inputFile and outputFile. Writes a line of JSON
when the model is loaded; then runs once for each line that it reads and answers with the time and the process's peak
memory. With --versions it prints those of torch and diffusers.
"""
import json
import os
import resource
import sys
import time

import diffusers
import torch


def status_bytes(field: str) -> int | None:
    """A line of /proc/self/status in bytes; None where there is none."""
    try:
        with open("/proc/self/status", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(f"{field}:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def answer(message: dict) -> None:
    print(json.dumps(message), flush=True)


def model_class(folder: str) -> type:
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        return getattr(diffusers, json.load(file)["_class_name"])


def decode(model: torch.nn.Module, latents: torch.Tensor) -> torch.Tensor:
    """As the pipelines of the class call it."""
    options = dict(force_not_quantize=True) if isinstance(model, diffusers.VQModel) else {}
    return model.decode(latents, **options).sample


def encode(model: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    output = model.encode(pixels)
    if hasattr(output, "latent_dist"):
        return output.latent_dist.parameters
    return output.latents if hasattr(output, "latents") else output.latent


def run_all(settings: dict) -> None:
    torch.set_num_threads(settings["threads"])
    dtype = getattr(torch, settings["mode"]["torch"]["dtype"])
    start = time.perf_counter()
    model = model_class(settings["modelFolder"]).from_pretrained(settings["modelFolder"], torch_dtype=dtype).eval()
    if settings["mode"]["torch"]["layout"] == "channels_last":
        model = model.to(memory_format=torch.channels_last)
    with open(settings["inputFile"], "rb") as file:
        values = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(settings["shape"])
    answer({"loadMilliseconds": 1000 * (time.perf_counter() - start)})

    is_video = type(model).__name__.startswith(("AutoencoderKLWan", "AutoencoderKLQwenImage"))

    def run() -> torch.Tensor:
        x = values.to(dtype)
        if settings["mode"]["torch"]["layout"] == "channels_last":
            x = x.contiguous(memory_format=torch.channels_last)
        if is_video:
            x = x.unsqueeze(2)
        output = decode(model, x) if settings["half"] == "decode" else encode(model, x)
        return (output.squeeze(2) if is_video else output).float().contiguous()

    is_first = True
    with torch.inference_mode():
        for line in sys.stdin:
            if not line.strip():
                continue
            before, cpu_before = time.perf_counter(), time.process_time()
            output = run()
            milliseconds = 1000 * (time.perf_counter() - before)
            cpu_milliseconds = 1000 * (time.process_time() - cpu_before)
            peak = status_bytes("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if is_first:
                with open(settings["outputFile"], "wb") as file:
                    file.write(output.numpy().tobytes())
            is_first = False
            del output
            times = {"milliseconds": milliseconds, "cpuMilliseconds": cpu_milliseconds}
            answer({**times, "peakBytes": peak})


def main() -> None:
    if sys.argv[1:] == ["--versions"]:
        answer({"torch": torch.__version__, "diffusers": diffusers.__version__})
        return
    try:
        run_all(json.loads(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - the bench shows whatever it was
        answer({"error": f"{type(error).__name__}: {error}"})
        sys.exit(1)


if __name__ == "__main__":
    main()
