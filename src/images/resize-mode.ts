/**
 * How a picture is brought to a size of another shape: stretched, fitted inside, or covering it.
 *
 * @see diffusers, image_processor.py, whose arithmetic (floors included) this repeats
 */
import { VaekitError } from "../errors.ts";
import { blankRaster, paste, type Raster } from "./raster.ts";
import { resizeRaster, type Resample, type Span } from "./resample.ts";
import { quote } from "../util/printable.ts";

/**
 * - `default` stretches to the size, whatever the proportions;
 * - `fill` keeps the proportions, fits the picture inside and continues its border over the bands;
 * - `crop` keeps the proportions, covers the size and cuts off what stands out.
 */
export const resizeModes = ["default", "fill", "crop"] as const;
/** One of {@link resizeModes}. */
export type ResizeMode = (typeof resizeModes)[number];

/**
 * Resizes a picture by one of the {@link resizeModes}. `fill` and `crop` always yield RGB, as in diffusers,
 * or RGB with alpha of such a picture.
 *
 * @throws INVALID_ARGUMENT on an unknown mode, or when the proportions leave a side of no pixels.
 */
export function resizeByMode(
  source: Raster,
  width: number,
  height: number,
  mode: ResizeMode,
  resample: Resample,
): Raster {
  switch (mode) {
    case "default":
      return resizeRaster(source, width, height, { resample });
    case "fill":
      return fill(source, width, height, resample);
    case "crop":
      return crop(source, width, height, resample);
    default:
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `resize: expected the mode ${resizeModes.join(", ")}, found ${quote(mode)}.`,
      );
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size at which a picture of one shape fits into a size of another, or covers it. */
function sizeInProportion(source: Raster, width: number, height: number, fit: "inside" | "cover"): Size {
  const ratio = width / height;
  const sourceRatio = source.width / source.height;
  const widthBinds = fit === "inside" ? ratio < sourceRatio : ratio > sourceRatio;
  const heightBinds = fit === "inside" ? ratio >= sourceRatio : ratio <= sourceRatio;
  const newWidth = widthBinds ? width : Math.floor((source.width * height) / source.height);
  const newHeight = heightBinds ? height : Math.floor((source.height * width) / source.width);
  if (newWidth < 1 || newHeight < 1) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `resize: a ${source.width}x${source.height} picture fitted into ${width}x${height} would be ${newWidth}x${newHeight} pixels. Use resizeMode "crop" or "default".`,
    );
  }
  return { width: newWidth, height: newHeight };
}

/** Where a picture's centre lies on the centre of a canvas. */
function centredAt(picture: Size, width: number, height: number): { left: number; top: number } {
  return {
    left: Math.floor(width / 2) - Math.floor(picture.width / 2),
    top: Math.floor(height / 2) - Math.floor(picture.height / 2),
  };
}

/** Computes only what stays: the covering picture of a long and narrow size may be a thousand times as large. */
function crop(source: Raster, width: number, height: number, resample: Resample): Raster {
  const covering = sizeInProportion(source, width, height, "cover");
  const { left, top } = centredAt(covering, width, height);
  const window = {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    width: Math.min(covering.width, width),
    height: Math.min(covering.height, height),
  };
  const canvas = blankRaster(width, height, source.channels === 4 ? 4 : 3);
  const part = resizeRaster(source, covering.width, covering.height, { resample, window });
  paste(canvas, part, Math.max(0, left), Math.max(0, top));
  return canvas;
}

function fill(source: Raster, width: number, height: number, resample: Resample): Raster {
  const size = sizeInProportion(source, width, height, "inside");
  const fitted = resizeRaster(source, size.width, size.height, { resample });
  const { left, top } = centredAt(fitted, width, height);
  const canvas = blankRaster(width, height, source.channels === 4 ? 4 : 3);
  paste(canvas, fitted, left, top);
  const ratio = width / height;
  const sourceRatio = source.width / source.height;
  // The bands are resized out of a strip of no width at the border, always bicubic: that extrapolates the
  // two outermost rows rather than repeating the last one.
  if (ratio < sourceRatio && top > 0) {
    const band = (rows: Span): Raster => resizeRaster(fitted, width, top, { resample: "bicubic", rows });
    paste(canvas, band({ start: 0, end: 0 }), 0, 0);
    paste(canvas, band({ start: fitted.height, end: fitted.height }), 0, top + fitted.height);
  } else if (ratio > sourceRatio && left > 0) {
    const band = (columns: Span): Raster =>
      resizeRaster(fitted, left, height, { resample: "bicubic", columns });
    paste(canvas, band({ start: 0, end: 0 }), 0, 0);
    paste(canvas, band({ start: fitted.width, end: fitted.width }), left + fitted.width, 0);
  }
  return canvas;
}
