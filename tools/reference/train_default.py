"""Trains the small AutoencoderKL of assets/default-vae with PyTorch and diffusers, within a wall-clock budget.

The encoder starts as the best linear code of 8 x 8 pixel blocks (PCA of the training photos), the residual
branches start at zero: so a few CPU minutes refine a sensible model instead of finding one.

    python train_default.py --data PHOTOS --output CHECKPOINT --minutes 20
    python train_default.py --output CHECKPOINT --evaluate VALIDATION_PHOTOS

The checkpoint is diffusers' folder: config.json and diffusion_pytorch_model.safetensors (float16).
"""

import argparse
import copy
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image, ImageOps
from torch.nn import functional

LEVELS = [16, 32, 64, 96]
LATENT_CHANNELS = 16
GROUPS = 8
FILES = ["diffusion_pytorch_model.safetensors", "config.json"]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def create_model() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * len(LEVELS),
        up_block_types=["UpDecoderBlock2D"] * len(LEVELS),
        block_out_channels=LEVELS,
        layers_per_block=1,
        act_fn="silu",
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=GROUPS,
        sample_size=512,
        scaling_factor=1.0,
        shift_factor=0.0,
        force_upcast=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    )


def load_photo(path: Path, short_side: int) -> torch.Tensor:
    """One photo as uint8 [3, H, W], resized so that its short side is short_side, sides cut to multiples of 8."""
    with Image.open(path) as image:
        image.draft("RGB", (short_side * 2, short_side * 2))
        image = ImageOps.exif_transpose(image).convert("RGB")
    scale = short_side / min(image.size)
    size = [max(short_side, round(side * scale)) for side in image.size]
    image = image.resize(size, Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    height, width = (side // 8 * 8 for side in pixels.shape[1:])
    return pixels[:, :height, :width].contiguous()


def photo_paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def to_unit(pixels: torch.Tensor) -> torch.Tensor:
    return pixels.float() / 127.5 - 1


class Crops:
    """Random crops with horizontal flips out of photos held in memory."""

    def __init__(self, photos: list[torch.Tensor], seed: int) -> None:
        self.photos = photos
        self.random = np.random.default_rng(seed)

    def crop(self, side: int) -> torch.Tensor:
        photo = self.photos[self.random.integers(len(self.photos))]
        top = self.random.integers(photo.shape[1] - side + 1)
        left = self.random.integers(photo.shape[2] - side + 1)
        crop = photo[:, top : top + side, left : left + side]
        return crop.flip(-1) if self.random.random() < 0.5 else crop

    def batch(self, count: int, side: int) -> torch.Tensor:
        pixels = torch.stack([self.crop(side) for _ in range(count)])
        return to_unit(pixels).contiguous(memory_format=torch.channels_last)


def principal_components(samples: torch.Tensor, count: int) -> torch.Tensor:
    """The count leading orthonormal directions [count, D] of samples [N, D], not centred."""
    _, vectors = torch.linalg.eigh(samples.double().T @ samples.double() / len(samples))
    return vectors.flip(1)[:, :count].T.float()


def blocks(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """Pictures [N, 3, H, W] cut into rows [*, 3 * side * side] ordered channel, row, column."""
    columns = functional.unfold(pictures, kernel_size=side, stride=side)
    return columns.transpose(1, 2).reshape(-1, 3 * side * side)


@torch.no_grad()
def initialise(model: AutoencoderKL, pictures: torch.Tensor) -> None:
    """Makes the encoder the linear PCA code of 8 x 8 blocks and the decoder a bilinear upsampler with colours."""
    for name, module in model.named_modules():
        if name.endswith("conv2"):
            module.weight.zero_()
            module.bias.zero_()
    latent = initialise_encoder(model.encoder, pictures)
    initialise_decoder(model.decoder, latent)


def initialise_encoder(encoder: torch.nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    rows8 = blocks(pictures, 8)
    basis4 = principal_components(blocks(pictures, 4), LEVELS[1])
    basis8 = principal_components(rows8, LATENT_CHANNELS)
    code8 = basis8 / (rows8 @ basis8.T).pow(2).mean(0).sqrt()[:, None]
    encoder.conv_in.weight[:3].zero_()
    encoder.conv_in.bias[:3].zero_()
    for channel in range(3):
        encoder.conv_in.weight[channel, channel, 1, 1] = 1
    # Level 0 to 1: the 12 values of each 2 x 2 block, ordered channel, row, column.
    down = encoder.down_blocks[0].downsamplers[0].conv
    down.weight[:12].zero_()
    down.bias[:12].zero_()
    for channel in range(12):
        down.weight[channel, channel // 4, channel % 4 // 2, channel % 2] = 1
    copy_channels(encoder.down_blocks[1].resnets[0].conv_shortcut, 12)
    # Level 1 to 2: principal components of each 4 x 4 block, [k, c, r, i, q, j] with pixel (2r + i, 2q + j).
    down = encoder.down_blocks[1].downsamplers[0].conv
    down.weight.zero_()
    down.bias.zero_()
    parts = basis4.reshape(LEVELS[1], 3, 2, 2, 2, 2).permute(0, 1, 3, 5, 2, 4)
    down.weight[:, :12, :2, :2] = parts.reshape(LEVELS[1], 12, 2, 2)
    copy_channels(encoder.down_blocks[2].resnets[0].conv_shortcut, LEVELS[1])
    # Level 2 to 3: the latents of each 8 x 8 block, expressed in the 4 x 4 components.
    down = encoder.down_blocks[2].downsamplers[0].conv
    down.weight[:LATENT_CHANNELS].zero_()
    down.bias[:LATENT_CHANNELS].zero_()
    parts = code8.reshape(LATENT_CHANNELS, 3, 2, 4, 2, 4).permute(0, 2, 4, 1, 3, 5)
    parts = parts.reshape(LATENT_CHANNELS, 2, 2, 48) @ basis4.T
    down.weight[:LATENT_CHANNELS, : LEVELS[1], :2, :2] = parts.permute(0, 3, 1, 2)
    initialise_head(encoder)
    return basis8


def copy_channels(conv: torch.nn.Conv2d, count: int) -> None:
    """Makes the first count outputs of a 1 x 1 convolution copies of its first count inputs."""
    conv.weight[:count].zero_()
    conv.bias[:count].zero_()
    conv.weight[:count, :count, 0, 0] = torch.eye(count)


def initialise_head(encoder: torch.nn.Module) -> None:
    """silu(x) - silu(-x) = x, and constant channels keep the group norm close to a fixed scale."""
    size = LEVELS[-1] // GROUPS
    latents = LATENT_CHANNELS // GROUPS
    constant = 2.0
    shortcut, head = encoder.down_blocks[3].resnets[0].conv_shortcut, encoder.conv_out
    shortcut.weight.zero_()
    shortcut.bias.zero_()
    head.weight.mul_(0.1)
    head.bias.zero_()
    head.weight[LATENT_CHANNELS:].zero_()
    head.bias[LATENT_CHANNELS:] = -6
    for group in range(GROUPS):
        for index in range(latents):
            latent, channel = group * latents + index, group * size + 2 * index
            shortcut.weight[channel, latent] = 1
            shortcut.weight[channel + 1, latent] = -1
            head.weight[latent, channel, 1, 1] = 1
            head.weight[latent, channel + 1, 1, 1] = -1
        for channel in range(group * size + 2 * latents, (group + 1) * size):
            shortcut.bias[channel] = constant if channel % 2 else -constant
    share = 2 * latents / size
    encoder.conv_norm_out.weight.fill_(math.sqrt(share + (1 - share) * constant**2))


def initialise_decoder(decoder: torch.nn.Module, basis8: torch.Tensor) -> None:
    """The latents pass each upsampler bilinearly; training adds what distinguishes the pixels of a block."""
    count = LATENT_CHANNELS
    decoder.conv_in.weight[:count].mul_(0.3)
    decoder.conv_in.bias[:count].zero_()
    decoder.conv_in.weight[:count, :, 1, 1] += torch.eye(count)
    line = torch.tensor([0.25, 0.5, 0.25])
    kernel = line[:, None] * line[None, :]
    for block in decoder.up_blocks[:3]:
        conv = block.upsamplers[0].conv
        conv.weight[:count] *= 0.3
        conv.weight[:count, :count] += torch.eye(count)[:, :, None, None] * kernel
        conv.bias[:count].zero_()
    for block in decoder.up_blocks:
        shortcut = getattr(block.resnets[0], "conv_shortcut", None)
        if shortcut is not None:
            copy_channels(shortcut, count)


def learning_rate(peak: float, elapsed: float, budget: float) -> float:
    """A minute of warm-up (or 3 % of the budget), then a cosine to 2 % of the peak; seconds."""
    warm_up = min(60.0, 0.03 * budget)
    if elapsed < warm_up:
        return peak * (0.05 + 0.95 * elapsed / warm_up)
    progress = min(1.0, (elapsed - warm_up) / (budget - warm_up))
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def crop_plan(progress: float) -> tuple[int, int]:
    """(batch, crop side): small crops first, larger ones at the end, whose statistics are nearer to a picture's."""
    if progress < 0.45:
        return 8, 64
    if progress < 0.8:
        return 5, 96
    return 2, 176


def training_loss(model: AutoencoderKL, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    posterior = model.encode(pictures).latent_dist
    difference = model.decode(posterior.sample()).sample - pictures
    squared = difference.pow(2).mean()
    divergence = 0.5 * (posterior.mean.pow(2) + posterior.var - 1 - posterior.logvar).mean()
    return 0.5 * difference.abs().mean() + 2 * squared + 1e-5 * divergence, squared.detach()


@torch.no_grad()
def update_average(average: AutoencoderKL, model: AutoencoderKL, step: int) -> None:
    decay = min(0.998, (1 + step) / (10 + step))
    for shadow, parameter in zip(average.parameters(), model.parameters()):
        shadow.lerp_(parameter, 1 - decay)


@torch.no_grad()
def latent_statistics(model: AutoencoderKL, photos: list[torch.Tensor]) -> tuple[float, float]:
    """Mean and standard deviation over all latents (posterior modes) of the photos' centres."""
    latents = []
    for photo in photos:
        height, width = (min(512, side) for side in photo.shape[1:])
        top, left = (photo.shape[1] - height) // 2, (photo.shape[2] - width) // 2
        crop = photo[None, :, top : top + height, left : left + width]
        latents.append(model.encode(to_unit(crop)).latent_dist.mode().flatten())
    values = torch.cat(latents).double()
    return values.mean().item(), values.std().item()


def save(model: AutoencoderKL, output: Path, statistics: tuple[float, float]) -> None:
    """Writes the checkpoint beside its place first, so that a reader never sees half a file."""
    mean, deviation = statistics
    model = copy.deepcopy(model)
    model.register_to_config(scaling_factor=round(1 / deviation, 4), shift_factor=round(mean, 4))
    temporary = output.with_name(output.name + ".partial")
    model.to(torch.float16).save_pretrained(temporary)
    output.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        os.replace(temporary / name, output / name)
    temporary.rmdir()


def train(options: argparse.Namespace) -> None:
    start = time.monotonic()
    torch.manual_seed(options.seed)
    photos = [load_photo(path, options.short_side) for path in photo_paths(options.data)]
    crops = Crops(photos, options.seed)
    if options.initial is None:
        model = create_model()
        initialise(model, crops.batch(256, 128).contiguous())
    else:
        model = AutoencoderKL.from_pretrained(options.initial, torch_dtype=torch.float32)
    model = model.to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=1e-4)
    budget = options.minutes * 60
    print(f"{len(photos)} photos, {model.num_parameters()} parameters, {time.monotonic() - start:.0f} s", flush=True)
    step, saved, recent = 0, time.monotonic(), []
    while (elapsed := time.monotonic() - start) < budget:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(options.learning_rate, elapsed, budget)
        plan_progress = 1.0 if options.large_crops else elapsed / budget
        loss, squared = training_loss(model, crops.batch(*crop_plan(plan_progress)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        update_average(average, model, step)
        step += 1
        recent.append(squared.item())
        if step % 25 == 0:
            psnr = 10 * math.log10(4 / np.mean(recent))
            print(f"step {step} {elapsed:.0f} s loss {loss.item():.4f} psnr {psnr:.2f}", flush=True)
            recent = []
        if time.monotonic() - saved > options.save_seconds:
            save(average, options.output, latent_statistics(average, photos[:4]))
            saved = time.monotonic()
    statistics = latent_statistics(average, photos[:: max(1, len(photos) // 32)])
    save(average, options.output, statistics)
    print(f"done after {step} steps, {(time.monotonic() - start) / 60:.1f} minutes, latents {statistics}", flush=True)


@torch.no_grad()
def evaluate(checkpoint: Path, folder: Path) -> None:
    """Prints PSNR of the posterior's mode, decoded, clamped and rounded to 8 bits, at a short side of 512."""
    model = AutoencoderKL.from_pretrained(checkpoint, torch_dtype=torch.float32).eval()
    values = []
    for path in photo_paths(folder):
        pixels = load_photo(path, 512)
        decoded = model.decode(model.encode(to_unit(pixels)[None]).latent_dist.mode()).sample[0]
        rounded = ((decoded + 1) * 127.5).round().clamp(0, 255)
        values.append(10 * math.log10(255**2 / (rounded - pixels.float()).pow(2).mean().item()))
        print(f"{path.name}\t{values[-1]:.2f}", flush=True)
    print(f"mean\t{np.mean(values):.2f}\nworst\t{min(values):.2f}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of training photos")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder")
    parser.add_argument("--initial", type=Path, help="checkpoint folder to go on from")
    parser.add_argument("--evaluate", type=Path, help="only print PSNR over this folder's photos")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--short-side", type=int, default=512)
    parser.add_argument("--save-seconds", type=float, default=150)
    parser.add_argument("--large-crops", action="store_true", help="large crops from the start, for fine-tuning")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.evaluate is None and options.data is None:
        parser.error("--data is needed for training, --evaluate for evaluation")
    return options


if __name__ == "__main__":
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    if arguments.evaluate is None:
        train(arguments)
    else:
        evaluate(arguments.output, arguments.evaluate)
