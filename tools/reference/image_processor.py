"""VaeImageProcessor on small synthetic pictures, and scikit-image's PSNR and SSIM.

images/source-<name>.png   the pictures; the same in the golden as `source/<name>`, RGBA as convert("RGB") gives it
images/golden.safetensors  uint8 pictures are [H, W, C], tensors float32 [N, C, H, W]:
  <case>/resized           what preprocess makes, as 8-bit samples
  <case>/tensor            what preprocess gives, for some cases
  postprocess/input, postprocess/image
  metrics/<i>/a, metrics/<i>/b

Pillow resizes rows, then columns; from 13 on it takes columns first for some sizes whose height shrinks, and gives
other samples than every Pillow before. The cases keep to sizes where all of them agree; `rows_first` checks it.
"""
import shutil

import numpy
import torch
from diffusers.image_processor import VaeImageProcessor
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from common import FIXTURES, generator, write_tensors

ROOT = FIXTURES / "images"


def picture(height: int, width: int, channels: int, seed: int) -> numpy.ndarray:
    """Gradients, a hard-edged disc (Lanczos rings there) and noise: uint8 [height, width, channels]."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64)
    noise = numpy.random.RandomState(seed).randint(-24, 25, (height, width, channels))
    disc = ((y - height / 2) ** 2 + (x - width / 3) ** 2 < (min(height, width) / 3) ** 2) * 120.0
    planes = [255 * x / (width - 1), 255 * y / (height - 1), disc + 60, 255 - 255 * x / (width - 1)]
    base = numpy.stack([planes[channel] + (disc if channel == 0 else 0) for channel in range(channels)], axis=-1)
    return numpy.clip(numpy.rint(base + noise), 0, 255).astype(numpy.uint8)


# name, source, height, width, resample, mode, converter; None keeps the picture's own size, cut to a multiple of 8
PREPROCESS = [
    *[(f"{resample}-{label}", "rgb", height, width, resample, "default", None)
      for resample in ("lanczos", "bilinear", "bicubic", "nearest")
      for label, height, width in (("down", 16, 24), ("up", 56, 64), ("mixed", 72, 24))],
    ("own-size", "rgb", None, None, "lanczos", "default", None),
    ("rounded-down", "rgb", 30, 47, "lanczos", "default", None),
    ("fill-landscape", "rgb", 24, 64, "lanczos", "fill", None),
    ("fill-portrait", "rgb", 64, 24, "lanczos", "fill", None),
    ("crop-landscape", "rgb", 24, 64, "lanczos", "crop", None),
    ("crop-portrait", "rgb", 64, 24, "lanczos", "crop", None),
    ("gray", "gray", 24, 24, "lanczos", "default", None),
    ("gray-to-rgb", "gray", 16, 24, "lanczos", "default", "do_convert_rgb"),
    ("rgb-to-gray", "rgb", 16, 24, "lanczos", "default", "do_convert_grayscale"),
    ("binarized", "gray", 16, 24, "bilinear", "default", "do_binarize"),
    ("alpha-dropped", "rgba", 32, 24, "lanczos", "default", None),
    ("alpha-kept", "alpha", 32, 24, "lanczos", "default", None),
    ("alpha-kept-down", "alpha", 8, 16, "bilinear", "default", None),
    ("alpha-kept-nearest", "alpha", 16, 24, "nearest", "default", None),
]
WITH_TENSOR = {"lanczos-down", "own-size", "gray", "fill-portrait", "crop-landscape", "binarized"}


def rows_first(image: Image.Image, width: int, height: int, resample: str) -> bool:
    """Whether this Pillow resizes the rows before the columns, as every one before 13 does."""
    chosen = getattr(Image, resample.upper())
    if image.mode == "RGBA":
        # As resize does, once and not between the two.
        image = image.convert("RGBa")
    at_once = image.resize((width, height), chosen)
    in_turn = image.resize((width, image.height), chosen).resize((width, height), chosen)
    return numpy.array_equal(numpy.array(at_once), numpy.array(in_turn))


def preprocess(sources: dict[str, Image.Image], tensors: dict[str, torch.Tensor]) -> list[dict]:
    entries = []
    for name, source, height, width, resample, mode, converter in PREPROCESS:
        if height is not None and mode == "default":
            assert rows_first(sources[source], width - width % 8, height - height % 8, resample), name
        processor = VaeImageProcessor(resample=resample, **({converter: True} if converter else {}))
        tensor = processor.preprocess(sources[source], height=height, width=width, resize_mode=mode)
        if name in WITH_TENSOR:
            tensors[f"{name}/tensor"] = tensor
        if converter != "do_binarize":
            samples = ((tensor[0] + 1) * 127.5).round().to(torch.uint8)
            assert (samples.float() / 127.5 - 1 - tensor[0]).abs().max() < 1e-6
            tensors[f"{name}/resized"] = samples.permute(1, 2, 0)
        entries.append(dict(name=name, source=source, height=height, width=width, resample=resample, resize_mode=mode,
                            converter=converter))
    return entries


def postprocess(tensors: dict[str, torch.Tensor]) -> None:
    """Values outside [-1, 1] (clamped) and values that land on k + 0.5 (rounded half to even)."""
    values = torch.rand((1, 3, 16, 16), generator=generator(80)) * 2.6 - 1.3
    ties = (torch.arange(256, dtype=torch.float64) + 0.5) / 255 * 2 - 1
    values[0, 0] = ties.float().view(16, 16)
    tensors["postprocess/input"] = values
    tensors["postprocess/image"] = torch.from_numpy(
        numpy.array(VaeImageProcessor().postprocess(values, output_type="pil")[0]))


def metrics(tensors: dict[str, torch.Tensor]) -> list[dict]:
    entries = []
    for index, (height, width, strength) in enumerate(((32, 40, 4), (33, 21, 30), (11, 11, 12))):
        a = picture(height, width, 3, seed=90 + index)
        noise = numpy.random.RandomState(95 + index).randint(-strength, strength + 1, a.shape)
        b = numpy.clip(a.astype(int) + noise, 0, 255).astype(numpy.uint8)
        tensors[f"metrics/{index}/a"], tensors[f"metrics/{index}/b"] = torch.from_numpy(a), torch.from_numpy(b)
        entries.append(dict(
            a=f"metrics/{index}/a", b=f"metrics/{index}/b",
            psnr=float(peak_signal_noise_ratio(a, b, data_range=255)),
            ssim=float(structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
                                             data_range=255, channel_axis=-1)),
        ))
    return entries


def write() -> dict:
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    sources = {
        "rgb": Image.fromarray(picture(37, 51, 3, seed=81)),
        "gray": Image.fromarray(picture(29, 40, 1, seed=82)[..., 0]),
        "rgba": Image.fromarray(picture(30, 26, 4, seed=83)),
    }
    for name, image in sources.items():
        image.save(ROOT / f"source-{name}.png")
    sources["alpha"] = sources["rgba"]
    sources["rgba"] = sources["rgba"].convert("RGB")
    tensors: dict[str, torch.Tensor] = {}
    for name, image in sources.items():
        samples = torch.from_numpy(numpy.array(image))
        tensors[f"source/{name}"] = samples if samples.ndim == 3 else samples[..., None]
    entries = preprocess(sources, tensors)
    postprocess(tensors)
    measured = metrics(tensors)
    write_tensors(ROOT / "golden.safetensors", tensors)
    return dict(golden="images/golden.safetensors", preprocess=entries, metrics=measured)
