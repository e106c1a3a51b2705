"""One tiny model in every file layout that fromPretrained and fromSingleFile accept.

weights/golden.safetensors holds `pixels` and `latents`, and for each storage dtype <d> what the model gives after
its weights were rounded to <d> and loaded back as float32: `parameters_<d>`, `sample_<d>`; the same for the
FLUX-style model under `flux_`. Folders hold diffusers layouts; *.safetensors beside them are original (LDM) files.
"""
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint
from safetensors.torch import load_file

from common import FIXTURES, generator, relative, write_json, write_tensors
from models import NO_QUANT, config, tiny_model

ROOT = FIXTURES / "weights"
SETTINGS = config([4, 4, 8])
FLUX_SETTINGS = config([4, 8], latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159, **NO_QUANT)

ATTENTION_LDM = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
ATTENTION_DEPRECATED = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def ldm_name(name: str, levels: int) -> str:
    """diffusers' parameter name -> the name in CompVis' and Black Forest Labs' files."""
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    for ours, theirs in ATTENTION_LDM.items():
        name = name.replace(f"mid_block.attentions.0.{ours}.", f"mid.attn_1.{theirs}.")
    for index in (0, 1):
        name = name.replace(f"mid_block.resnets.{index}.", f"mid.block_{index + 1}.")
    for level in range(levels):
        name = name.replace(f"encoder.down_blocks.{level}.", f"encoder.down.{level}.")
        name = name.replace(f"decoder.up_blocks.{level}.", f"decoder.up.{levels - 1 - level}.")
    return name.replace("resnets.", "block.").replace("downsamplers.0.", "downsample.").replace("upsamplers.0.", "upsample.")


def ldm_state(model: AutoencoderKL) -> dict[str, torch.Tensor]:
    """The state dict in the original layout: attention weights are 1x1 convolutions [C, C, 1, 1]."""
    levels = len(model.config.block_out_channels)
    state = {}
    for name, tensor in model.state_dict().items():
        is_projection = ".attentions." in name and tensor.ndim == 2
        state[ldm_name(name, levels)] = tensor[:, :, None, None] if is_projection else tensor
    return state


def check_converts_back(path: Path, model: AutoencoderKL) -> None:
    """diffusers itself reads the file back to the same weights, or the fixture is wrong."""
    converted = convert_ldm_vae_checkpoint(load_file(path), model.config)
    expected = model.state_dict()
    assert converted.keys() == expected.keys(), converted.keys() ^ expected.keys()
    assert all(torch.equal(converted[name], expected[name]) for name in expected)


@torch.no_grad()
def run(model: AutoencoderKL, pixels: torch.Tensor, latents: torch.Tensor, prefix: str, suffix: str) -> dict[str, torch.Tensor]:
    return {
        f"{prefix}parameters_{suffix}": model.encode(pixels).latent_dist.parameters,
        f"{prefix}sample_{suffix}": model.decode(latents).sample,
    }


def folders(model: AutoencoderKL) -> list[dict]:
    """The diffusers layouts, each read back by diffusers with the result that the golden holds."""
    entries = []

    def add(name: str, folder: Path, dtype: str, **options: object) -> None:
        entries.append(dict(name=name, kind="folder", path=relative(folder), dtype=dtype, golden_prefix="", **options))

    half = tiny_model(SETTINGS, seed=500).half()
    half.save_pretrained(ROOT / "pipeline" / "vae", variant="fp16")
    add("fp16 variant in a pipeline's subfolder", ROOT / "pipeline", "float16", subfolder="vae", variant="fp16")

    tiny_model(SETTINGS, seed=500).to(torch.bfloat16).save_pretrained(ROOT / "bfloat16")
    add("bfloat16", ROOT / "bfloat16", "bfloat16")

    model.save_pretrained(ROOT / "sharded", max_shard_size="20KB")
    assert (ROOT / "sharded" / "diffusion_pytorch_model.safetensors.index.json").exists()
    add("shards with an index", ROOT / "sharded", "float32")

    half.save_pretrained(ROOT / "sharded-variant", max_shard_size="10KB", variant="fp16")
    add("shards of a variant", ROOT / "sharded-variant", "float16", variant="fp16")

    deprecated = ROOT / "deprecated-names"
    renamed = {}
    for name, tensor in model.state_dict().items():
        for new, old in ATTENTION_DEPRECATED.items():
            name = name.replace(f".attentions.0.{new}.", f".attentions.0.{old}.")
        renamed[name] = tensor
    write_tensors(deprecated / "diffusion_pytorch_model.safetensors", renamed)
    # A config of the days of those names: it lacks every key that was added later.
    later = {"scaling_factor", "shift_factor", "latents_mean", "latents_std", "force_upcast", "use_quant_conv",
             "use_post_quant_conv", "mid_block_add_attention"}
    old_config = {key: value for key, value in json.loads((ROOT / "config.json").read_text()).items() if key not in later}
    write_json(deprecated / "config.json", {**old_config, "_diffusers_version": "0.4.2"})
    add("deprecated attention names and an old config", deprecated, "float32")
    return entries


def single_files(model: AutoencoderKL, flux: AutoencoderKL) -> list[dict]:
    elsewhere = {"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(2, 3), "alphas_cumprod": torch.ones(4)}
    files = [
        ("original names without a prefix", "ldm.safetensors", model, "", {}, "config.json"),
        ("a whole LDM checkpoint", "ldm-checkpoint.safetensors", model, "first_stage_model.", elsewhere, "config.json"),
        ("a checkpoint with vae. names", "ldm-vae-prefix.safetensors", model, "vae.", elsewhere, "config.json"),
        ("FLUX's ae.safetensors", "ae.safetensors", flux, "", {}, "flux-config.json"),
    ]
    entries = []
    for name, file, source, prefix, extra, config_file in files:
        write_tensors(ROOT / file, {**{prefix + key: value for key, value in ldm_state(source).items()}, **extra})
        check_converts_back(ROOT / file, source)
        entries.append(dict(name=name, kind="single_file", path=relative(ROOT / file), config=relative(ROOT / config_file),
                            dtype="float32", golden_prefix="flux_" if source is flux else ""))
    return entries


def save_config(model: AutoencoderKL, name: str) -> None:
    model.save_config(ROOT)
    if name != "config.json":
        (ROOT / "config.json").rename(ROOT / name)


def write() -> list[dict]:
    shutil.rmtree(ROOT, ignore_errors=True)
    model, flux = tiny_model(SETTINGS, seed=500), tiny_model(FLUX_SETTINGS, seed=501)
    save_config(flux, "flux-config.json")
    save_config(model, "config.json")
    entries = folders(model) + single_files(model, flux)

    random = generator(5000)
    pixels = torch.rand((1, 3, 16, 20), generator=random) * 2 - 1
    latents = torch.randn((1, 4, 4, 5), generator=random)
    flux_latents = torch.randn((1, 16, 4, 5), generator=random)
    tensors = dict(pixels=pixels, latents=latents, flux_latents=flux_latents)
    for dtype in ("float32", "float16", "bfloat16"):
        rounded = tiny_model(SETTINGS, seed=500).to(getattr(torch, dtype)).float()
        tensors |= run(rounded, pixels, latents, "", dtype)
    tensors |= run(flux, pixels, flux_latents, "flux_", "float32")
    write_tensors(ROOT / "golden.safetensors", tensors)

    for entry in entries:
        if entry["kind"] != "folder":
            continue
        loaded = AutoencoderKL.from_pretrained(FIXTURES / entry["path"], subfolder=entry.get("subfolder"), variant=entry.get("variant"))
        found = run(loaded, pixels, latents, "", entry["dtype"])
        assert all(torch.equal(found[key], tensors[key]) for key in found), entry["name"]
    return entries
