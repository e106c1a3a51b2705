/** The checks of what is encoded and decoded: the likely mistakes, each with its remedy. */
import { VaekitError } from "../errors.ts";
import { spatialFactor, type AutoencoderKLConfig } from "../models/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

function fail(message: string): never {
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** pixels must be [N, C, H, W] with at least one latent's worth of pixels. @returns them as float32. */
export function checkPixels(pixels: Tensor, config: AutoencoderKLConfig): Tensor<"float32"> {
  const expected = `encode: expected pixels [N, ${config.inChannels}, H, W]`;
  checkTensor(pixels, "encode: pixels");
  const { shape } = pixels;
  if (shape.length === 3) {
    fail(
      `${expected}, found ${formatShape(shape)}. The batch dimension is missing: reshape to [1, ${shape.join(", ")}].`,
    );
  }
  if (shape.length !== 4) fail(`${expected}, found ${formatShape(shape)}.`);
  if (shape[1] !== config.inChannels) {
    const remedy =
      shape[3] === config.inChannels ? " These look channels-last; transpose to channels-first." : "";
    fail(`${expected}, found ${formatShape(shape)}.${remedy}`);
  }
  if (pixels.dtype === "uint8" || pixels.dtype === "int64") {
    fail(
      `encode: expected float pixels in [-1, 1], found ${pixels.dtype}. VaeImageProcessor converts pictures.`,
    );
  }
  const factor = spatialFactor(config);
  if (shape[0] === 0 || shape[2]! < factor || shape[3]! < factor) {
    fail(`${expected} with H and W at least ${factor}, found ${formatShape(shape)}.`);
  }
  return pixels.toFloat32();
}

/** latents must be [N, L, h, w]. @returns them as float32. */
export function checkLatents(latents: Tensor, config: AutoencoderKLConfig): Tensor<"float32"> {
  const channels = config.latentChannels;
  const expected = `decode: expected latents [N, ${channels}, h, w]`;
  checkTensor(latents, "decode: latents");
  const { shape } = latents;
  if (shape.length === 3 && shape[2] === 4 * channels) {
    fail(`${expected}, found ${formatShape(shape)}. These look packed (FLUX): call unpackLatents first.`);
  }
  if (shape.length === 3) {
    fail(
      `${expected}, found ${formatShape(shape)}. The batch dimension is missing: reshape to [1, ${shape.join(", ")}].`,
    );
  }
  if (shape.length !== 4) fail(`${expected}, found ${formatShape(shape)}.`);
  if (shape[1] === 2 * channels) {
    fail(
      `${expected}, found ${formatShape(shape)}. These look like encoder moments: take latentDist.mode() or sample().`,
    );
  }
  if (shape[1] !== channels) fail(`${expected}, found ${formatShape(shape)}. Do they come from another VAE?`);
  if (latents.dtype === "uint8" || latents.dtype === "int64") {
    fail(`decode: expected float latents, found ${latents.dtype}.`);
  }
  if (shape.includes(0)) fail(`${expected}, found the empty shape ${formatShape(shape)}.`);
  return latents.toFloat32();
}
