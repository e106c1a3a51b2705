/** Pictures in memory: 8-bit samples in reading order, and the few operations that need no filter. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";

/** An 8-bit picture: RGB (3 channels) or grey (1), sRGB-encoded, rows from the top, channels interleaved. */
export interface Raster {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** 1: grey. 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** `height * width * channels` samples, HWC order. */
  readonly data: Uint8Array;
}

/** A whole picture filled with one value, black unless told otherwise. */
export function blankRaster(width: number, height: number, channels: 1 | 3, value = 0): Raster {
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
  if (![1, 3].includes(channels)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected 1 (grey) or 3 (RGB) channels, found ${describeValue(channels)}.`,
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

/** `640x480 RGB`, as messages show it. */
export function describeRaster({ width, height, channels }: Raster): string {
  return `${width}x${height} ${channels === 1 ? "grey" : "RGB"}`;
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

/** The picture with three channels; grey is repeated, RGB is returned as it is. */
export function toRgb(raster: Raster): Raster {
  checkRaster(raster, "toRgb");
  if (raster.channels === 3) return raster;
  const out = blankRaster(raster.width, raster.height, 3);
  raster.data.forEach((value, pixel) => out.data.fill(value, pixel * 3, pixel * 3 + 3));
  return out;
}

/** Luma of ITU-R BT.601 in 16-bit fixed point, as Pillow's mode "L"; the three weights sum to 1. */
const luma = { red: 19595, green: 38470, blue: 7471 };

/** The picture's luma (BT.601, equal to Pillow's `convert("L")`); grey is returned as it is. */
export function toGrayscale(raster: Raster): Raster {
  checkRaster(raster, "toGrayscale");
  if (raster.channels === 1) return raster;
  const out = blankRaster(raster.width, raster.height, 1);
  for (let pixel = 0; pixel < out.data.length; pixel++) {
    const red = raster.data[pixel * 3]!;
    const green = raster.data[pixel * 3 + 1]!;
    const blue = raster.data[pixel * 3 + 2]!;
    out.data[pixel] = (red * luma.red + green * luma.green + blue * luma.blue + 0x8000) >> 16;
  }
  return out;
}

/** Copies `source` into `canvas` with its top left at (`left`, `top`); what lies outside is cut off. */
export function paste(canvas: Raster, source: Raster, left: number, top: number): void {
  const { channels } = canvas;
  const picture = channels === 3 ? toRgb(source) : toGrayscale(source);
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
