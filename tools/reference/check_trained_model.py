"""Whether diffusers loads the folder that `vaekit train` wrote, and codes pictures as vaekit does.

    npm run build && python tools/reference/check_trained_model.py runs/first/model

Prints the largest differences of the posterior's mean and log-variance (of a VQModel, of the latents) and of the decoded
pictures, and fails above 1e-4 of the largest value.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, VQModel
from safetensors.torch import load_file, save_file

PACKAGE = (Path(__file__).resolve().parents[2] / "dist" / "node" / "index.js").as_uri()
TOLERANCE = 1e-4

VAEKIT = """
const { openVae, readSafetensorsFile, writeSafetensorsFile } = await import(process.argv[2]);
const [folder, input, output] = process.argv.slice(3);
const vae = await openVae(folder, { device: "cpu" });
const { tensors } = await readSafetensorsFile(input);
const encoded = await vae.encode(tensors.get("pixels"));
const { latentDist } = encoded;
const latents = latentDist === undefined ? { latents: encoded.latents() } : { mean: latentDist.mean, logvar: latentDist.logvar };
const { sample: decoded } = await vae.decode(latents.mean ?? latents.latents);
await writeSafetensorsFile(output, new Map(Object.entries({ ...latents, decoded })));
process.exit(0);
"""


def by_vaekit(model: str, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    with tempfile.TemporaryDirectory() as folder:
        script, source, target = (f"{folder}/{name}" for name in ("code.mjs", "in.safetensors", "out.safetensors"))
        Path(script).write_text(VAEKIT)
        save_file({"pixels": pixels}, source)
        subprocess.run(["node", script, PACKAGE, model, source, target], check=True)
        return load_file(target)


def by_diffusers(vae: AutoencoderKL | VQModel, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    if isinstance(vae, VQModel):
        latents = vae.encode(pixels).latents
        return dict(latents=latents, decoded=vae.decode(latents).sample)
    posterior = vae.encode(pixels).latent_dist
    return dict(mean=posterior.mean, logvar=posterior.logvar, decoded=vae.decode(posterior.mean).sample)


def main(model: str) -> None:
    name = json.loads((Path(model) / "config.json").read_text())["_class_name"]
    kind = dict(AutoencoderKL=AutoencoderKL, VQModel=VQModel)[name]
    vae, report = kind.from_pretrained(model, local_files_only=True, output_loading_info=True)
    side = 8 * 2 ** (len(vae.config.block_out_channels) - 1)
    random = torch.Generator().manual_seed(0)
    pixels = torch.rand((2, vae.config.in_channels, side, 2 * side), generator=random) * 2 - 1
    with torch.no_grad():
        expected = by_diffusers(vae, pixels)
    print(json.dumps({name: list(value) for name, value in report.items()}))
    failed = any(report.values())
    for name, found in by_vaekit(model, pixels).items():
        difference = (found - expected[name]).abs().max().item()
        scale = expected[name].abs().max().item()
        failed |= difference > TOLERANCE * max(1.0, scale)
        print(f"{name}: largest difference {difference:.2e}, largest value {scale:.3f}")
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1])
