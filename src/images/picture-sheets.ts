/** Sheets that show how far a model is: reconstructions beside their inputs, and pictures out of latents. */
import { VaekitError } from "../errors.ts";
import { contactSheet, differencePicture, VaeImageProcessor, type Raster } from "./index.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Where the values of pictures lie: "signed" is [-1, 1], "unit" is [0, 1]. */
export type PictureRange = "signed" | "unit";

/** How much a sheet amplifies differences. */
const differenceGain = 3;

/** Pixels between the pictures of a sheet. */
const gapPixels = 2;

/**
 * Pictures as 8-bit rasters; values outside of the range are clamped.
 *
 * @param pictures [N, C, H, W] with C = 1 or 3, or rows [N, D] of square grey pictures (an MLP's).
 * @throws INVALID_ARGUMENT on another shape.
 */
export function rastersOf(pictures: Tensor, range: PictureRange): Raster[] {
  const processor = new VaeImageProcessor({ doNormalize: range === "signed" });
  return processor.postprocess(pictures.shape.length === 2 ? squares(pictures) : pictures);
}

/** [N, D] → [N, 1, √D, √D]. */
function squares(rows: Tensor): Tensor {
  const [count = 0, size = 0] = rows.shape;
  const side = Math.sqrt(size);
  if (Number.isInteger(side) && side > 0) return rows.reshape([count, 1, side, side]);
  const message = `samples: expected rows of square pictures, [N, side * side], found ${formatShape(rows.shape)}. Reshape them to [N, C, H, W].`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** What a sheet of reconstructions shows; all tensors of one shape. */
export interface Reconstructions {
  readonly inputs: Tensor;
  readonly reconstructions: Tensor;
  /** Those of the averaged weights. */
  readonly emaReconstructions?: Tensor | undefined;
  readonly range: PictureRange;
}

/**
 * One column for each picture: the input, its reconstruction, their difference times 3 (black where they agree), and
 * the averaged weights' reconstruction where there is one.
 *
 * @throws INVALID_ARGUMENT when there is no picture, or the shapes differ.
 */
export function reconstructionSheet(parts: Reconstructions): Raster {
  const { range } = parts;
  const inputs = rastersOf(parts.inputs, range);
  const reconstructions = rastersOf(parts.reconstructions, range);
  if (inputs.length !== reconstructions.length) {
    const message = `reconstructionSheet: expected as many reconstructions as inputs, found ${reconstructions.length} and ${inputs.length}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const differences = inputs.map((input, i) => differencePicture(input, reconstructions[i]!, differenceGain));
  const averaged = parts.emaReconstructions === undefined ? [] : rastersOf(parts.emaReconstructions, range);
  return contactSheet([...inputs, ...reconstructions, ...differences, ...averaged], {
    columns: inputs.length,
    gapPixels,
  });
}

/**
 * Pictures in reading order: samples of the prior, a way between two latents.
 *
 * @param columns pictures per row; by default as many as make the sheet about square.
 * @throws INVALID_ARGUMENT when there is no picture.
 */
export function pictureSheet(
  pictures: Tensor,
  range: PictureRange,
  columns = Math.ceil(Math.sqrt(pictures.shape[0] ?? 1)),
): Raster {
  return contactSheet(rastersOf(pictures, range), { columns, gapPixels });
}
