/** Pictures made for looking at: where two pictures differ, what each latent channel holds, many at once. */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { describeValue } from "../util/describe-value.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  checkOptions,
  checkValue,
  oneOf,
  optionKinds,
  wholeNumber,
  type OptionKinds,
} from "../util/check-options.ts";
import { blankRaster, checkRaster, checkSameFormat, paste, type Raster } from "./raster.ts";

/**
 * `min(255, gain * |a - b|)` of each sample: black where the pictures agree.
 *
 * @throws INVALID_ARGUMENT when the pictures differ in size or channels, or `gain` is not above 0.
 */
export function differencePicture(a: Raster, b: Raster, gain = 8): Raster {
  checkSameFormat(a, b, "differencePicture");
  checkValue("differencePicture: gain", gain, optionKinds.aboveZero);
  const data = Uint8Array.from(a.data, (sample, i) =>
    Math.min(255, Math.round(gain * Math.abs(sample - b.data[i]!))),
  );
  return { ...a, data };
}

/** The options of {@link contactSheet}. */
export interface ContactSheetOptions {
  /** Pictures per row; all in one row by default. */
  columns?: number;
  /** Pixels between pictures. @defaultValue 4 */
  gapPixels?: number;
  /** The grey level between pictures, 0 to 255. @defaultValue 255 */
  background?: number;
}

const sheetKinds: OptionKinds<ContactSheetOptions> = {
  columns: wholeNumber(1),
  gapPixels: wholeNumber(0),
  background: wholeNumber(0),
};

/**
 * Lays pictures side by side, row by row, each at the top left of a cell of the largest one's size.
 *
 * @returns an RGB picture, or a grey one when every picture is grey.
 * @throws INVALID_ARGUMENT when there is no picture, or an option is out of range.
 */
export function contactSheet(pictures: readonly Raster[], options: ContactSheetOptions = {}): Raster {
  checkOptions("contactSheet", options, sheetKinds);
  const given: unknown = pictures;
  if (!Array.isArray(given)) {
    const message = `contactSheet: expected a list of pictures, found ${describeValue(pictures)}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const { columns = pictures.length, gapPixels = 4, background = 255 } = options;
  if (pictures.length === 0) {
    throw new VaekitError("INVALID_ARGUMENT", "contactSheet: expected at least one picture, found none.");
  }
  pictures.forEach((picture) => {
    checkRaster(picture, "contactSheet");
  });
  const across = Math.min(columns, pictures.length);
  const down = Math.ceil(pictures.length / across);
  const cellWidth = Math.max(...pictures.map(({ width }) => width));
  const cellHeight = Math.max(...pictures.map(({ height }) => height));
  const channels = pictures.some((picture) => picture.channels !== 1) ? 3 : 1;
  const width = across * (cellWidth + gapPixels) - gapPixels;
  const height = down * (cellHeight + gapPixels) - gapPixels;
  const sheet = blankRaster(width, height, channels, background);
  pictures.forEach((picture, i) => {
    const left = (i % across) * (cellWidth + gapPixels);
    paste(sheet, picture, left, Math.floor(i / across) * (cellHeight + gapPixels));
  });
  return sheet;
}

/**
 * - `grey`: each channel from its own minimum (black) to its own maximum (white);
 * - `diverging`: zero is white, negative values blue, positive ones red, by one scale for all channels.
 */
export type LatentPalette = "grey" | "diverging";

/** The options of {@link latentPicture}. */
export interface LatentPictureOptions {
  /** @defaultValue "diverging" */
  palette?: LatentPalette;
  /** Channels per row. @defaultValue the square root of their number, rounded up. */
  columns?: number;
  /** Every latent becomes a square of this many pixels. @defaultValue 1 */
  pixelsPerLatent?: number;
  /** Pixels between channels. @defaultValue 2 */
  gapPixels?: number;
}

const latentPictureKinds: OptionKinds<LatentPictureOptions> = {
  palette: oneOf(["grey", "diverging"]),
  columns: wholeNumber(1),
  pixelsPerLatent: wholeNumber(1),
  gapPixels: wholeNumber(0),
};

/**
 * Draws every channel of one picture's latents, in a grid in reading order. NaN and infinities are black.
 *
 * @param latents `[1, C, h, w]`, any float dtype.
 * @throws INVALID_ARGUMENT on another shape.
 */
export function latentPicture(latents: Tensor, options: LatentPictureOptions = {}): Raster {
  checkOptions("latentPicture", options, latentPictureKinds);
  checkTensor(latents, "latentPicture: latents");
  const [batch, channels = 0, height = 0, width = 0] = latents.shape;
  if (latents.shape.length !== 4 || batch !== 1 || latents.size === 0) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `latentPicture: expected the latents of one picture, [1, C, h, w], found ${formatShape(latents.shape)}.`,
    );
  }
  const { palette = "diverging", columns = Math.ceil(Math.sqrt(channels)) } = options;
  const { pixelsPerLatent = 1, gapPixels = 2 } = options;
  const values = latents.toFloat32().data;
  const planes = Array.from({ length: channels }, (_, channel) =>
    values.subarray(channel * height * width, (channel + 1) * height * width),
  );
  const largest = extremes(values);
  const draw = (plane: Float32Array): Raster =>
    palette === "grey"
      ? drawGrey(plane, width, height)
      : drawDiverging(plane, width, height, Math.max(Math.abs(largest.low), Math.abs(largest.high)));
  const cells = planes.map((plane) => enlarged(draw(plane), pixelsPerLatent));
  return contactSheet(cells, { columns, gapPixels });
}

/** The smallest and largest finite value; 0 and 0 where there is none. */
function extremes(values: Float32Array): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? { low: 0, high: 0 } : { low, high };
}

function drawGrey(plane: Float32Array, width: number, height: number): Raster {
  const { low, high } = extremes(plane);
  const span = high - low || 1;
  const data = Uint8Array.from(plane, (value) =>
    Number.isFinite(value) ? Math.round(((value - low) / span) * 255) : 0,
  );
  return { width, height, channels: 1, data };
}

/** The ends of the diverging palette, as dark as one another so that the sign changes no lightness. */
const negativeEnd = [33, 102, 172] as const;
const positiveEnd = [178, 24, 43] as const;

function drawDiverging(plane: Float32Array, width: number, height: number, limit: number): Raster {
  const raster = blankRaster(width, height, 3);
  plane.forEach((value, pixel) => {
    if (!Number.isFinite(value)) return;
    const strength = limit === 0 ? 0 : Math.abs(value) / limit;
    const end = value < 0 ? negativeEnd : positiveEnd;
    end.forEach((colour, channel) => {
      raster.data[pixel * 3 + channel] = Math.round(255 + (colour - 255) * strength);
    });
  });
  return raster;
}

function enlarged(raster: Raster, factor: number): Raster {
  if (factor === 1) return raster;
  const { channels } = raster;
  const out = blankRaster(raster.width * factor, raster.height * factor, channels);
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      const from = (Math.floor(y / factor) * raster.width + Math.floor(x / factor)) * channels;
      out.data.set(raster.data.subarray(from, from + channels), (y * out.width + x) * channels);
    }
  }
  return out;
}
