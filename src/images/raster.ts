/** Pictures in memory: 8-bit samples in reading order, and the few operations that need no filter. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";
import { samplesOverWhite } from "./over-white.ts";

/** Grey, RGB, or RGB with alpha. */
export type RasterChannels = 1 | 3 | 4;

/**
 * An 8-bit picture: RGB (3 channels), grey (1) or RGB with alpha (4, not premultiplied), sRGB-encoded, rows from the top,
 * channels interleaved.
 */
export interface Raster {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** 1: grey. 3: red, green, blue. 4: red, green, blue, alpha. */
  readonly channels: RasterChannels;
  /** `height * width * channels` samples, HWC order. */
  readonly data: Uint8Array;
}

/** A whole picture filled with one value, black unless told otherwise. */
export function blankRaster(width: number, height: number, channels: RasterChannels, value = 0): Raster {
  const data = new Uint8Array(width * height * channels);
  if (value !== 0) data.fill(value);
  return { width, height, channels, data };
}

/** @throws INVALID_ARGUMENT unless the sides are positive whole numbers and the data fills them. */
export function checkRaster(raster: Raster, subject: string): void {
  if (typeof raster !== "object" || (raster as unknown) === null || !ArrayBuffer.isView(raster.data)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected a picture { width, height, channels, data }, found ${describeValue(raster)}. readImage reads one from a file.`,
    );
  }
  const { width, height, channels, data } = raster;
  const sides = [width, height];
  if (sides.some((side) => !Number.isSafeInteger(side) || side < 1)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected a picture of at least 1x1 pixels, found ${width}x${height}.`,
    );
  }
  if (![1, 3, 4].includes(channels)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected 1 (grey), 3 (RGB) or 4 (RGB with alpha) channels, found ${describeValue(channels)}.`,
    );
  }
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected ${expected} bytes for ${describeRaster(raster)}, found ${data.length}.`,
    );
  }
}

const kinds: { readonly [C in RasterChannels]: string } = { 1: "grey", 3: "RGB", 4: "RGB with alpha" };

/** `640x480 RGB`, as messages show it. */
export function describeRaster({ width, height, channels }: Raster): string {
  return `${width}x${height} ${kinds[channels]}`;
}

/** @throws INVALID_ARGUMENT unless both pictures are sound and have the same size and channels. */
export function checkSameFormat(a: Raster, b: Raster, subject: string): void {
  checkRaster(a, subject);
  checkRaster(b, subject);
  if (a.width === b.width && a.height === b.height && a.channels === b.channels) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${subject}: expected two pictures of one size and kind, found ${describeRaster(a)} and ${describeRaster(b)}. Resize or convert one first.`,
  );
}

/** The picture with three channels; grey is repeated, alpha is laid over white, RGB is returned as it is. */
export function toRgb(raster: Raster): Raster {
  checkRaster(raster, "toRgb");
  const { width, height, channels, data } = raster;
  if (channels === 3) return raster;
  if (channels === 4) return { width, height, channels: 3, data: samplesOverWhite(data) };
  const out = blankRaster(width, height, 3);
  data.forEach((value, pixel) => out.data.fill(value, pixel * 3, pixel * 3 + 3));
  return out;
}

/** The picture with alpha: an opaque one where it has none. */
export function toRgba(raster: Raster): Raster {
  checkRaster(raster, "toRgba");
  if (raster.channels === 4) return raster;
  const { width, height, data } = toRgb(raster);
  const out = blankRaster(width, height, 4, 255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    out.data.set(data.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel);
  }
  return out;
}

/** Luma of ITU-R BT.601 in 16-bit fixed point, as Pillow's mode "L"; the three weights sum to 1. */
const luma = { red: 19595, green: 38470, blue: 7471 };

/** The picture's luma (BT.601, equal to Pillow's `convert("L")`); grey is returned as it is. */
export function toGrayscale(raster: Raster): Raster {
  checkRaster(raster, "toGrayscale");
  if (raster.channels === 1) return raster;
  const { data } = toRgb(raster);
  const out = blankRaster(raster.width, raster.height, 1);
  for (let pixel = 0; pixel < out.data.length; pixel++) {
    const red = data[pixel * 3]!;
    const green = data[pixel * 3 + 1]!;
    const blue = data[pixel * 3 + 2]!;
    out.data[pixel] = (red * luma.red + green * luma.green + blue * luma.blue + 0x8000) >> 16;
  }
  return out;
}

/** Copies `source` into `canvas` with its top left at (`left`, `top`); what lies outside is cut off. */
export function paste(canvas: Raster, source: Raster, left: number, top: number): void {
  const { channels } = canvas;
  const convert = { 1: toGrayscale, 3: toRgb, 4: toRgba }[channels];
  const picture = convert(source);
  const fromX = Math.max(0, -left);
  const toX = Math.min(picture.width, canvas.width - left);
  if (fromX >= toX) return;
  const fromY = Math.max(0, -top);
  const toY = Math.min(picture.height, canvas.height - top);
  for (let y = fromY; y < toY; y++) {
    const row = y * picture.width;
    const target = ((top + y) * canvas.width + left + fromX) * channels;
    canvas.data.set(picture.data.subarray((row + fromX) * channels, (row + toX) * channels), target);
  }
}
