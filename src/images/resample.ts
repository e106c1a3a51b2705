/**
 * Resizing, equal bit for bit to Pillow's `Image.resize` on 8-bit pictures: two passes (rows, then columns)
 * with antialiasing filters in 22-bit fixed point, rounded to 8 bits after each pass. The VAE's input must be
 * the one that diffusers would have made. The order of the passes is that of Pillow 12; Pillow 13.0 takes the
 * columns first for some sizes, and hard edges then differ, because the rounding and clipping between the passes do.
 *
 * @see https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters
 */
import { VaekitError } from "../errors.ts";
import { blankRaster, checkRaster, type Raster } from "./raster.ts";

interface Filter {
  /** Half the width of the kernel, in pixels of the smaller picture. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const filters = {
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bicubic: { support: 2, weight: bicubic },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
} satisfies Record<string, Filter>;

/** Keys' cubic with a = -0.5 (Catmull-Rom). */
function bicubic(signed: number): number {
  const a = -0.5;
  const x = Math.abs(signed);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** The filters of {@link resizeRaster}. */
export const resampleNames = ["lanczos", "bicubic", "bilinear", "nearest"] as const;
export type Resample = (typeof resampleNames)[number];

/** A part of the source in pixels, from `start` to `end`; it may have no width: then its edge is sampled. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface ResizeOptions {
  /** @defaultValue "lanczos" */
  resample?: Resample;
  /** The columns to read; all of them by default. */
  columns?: Span;
  /** The rows to read; all of them by default. */
  rows?: Span;
}

/**
 * Resizes a picture to `width` x `height`, as Pillow's `Image.resize((width, height), resample, box)`.
 *
 * @throws INVALID_ARGUMENT on a size that is not positive, or an unknown filter.
 */
export function resizeRaster(
  source: Raster,
  width: number,
  height: number,
  options: ResizeOptions = {},
): Raster {
  const { resample = "lanczos" } = options;
  const columns = options.columns ?? { start: 0, end: source.width };
  const rows = options.rows ?? { start: 0, end: source.height };
  checkResize(source, width, height, resample);
  checkSpan(columns, source.width, "columns");
  checkSpan(rows, source.height, "rows");
  if (resample === "nearest") return pickNearest(source, width, height, columns, rows);
  const filter = filters[resample];
  const narrowed =
    width === source.width && coversAll(columns, source.width)
      ? source
      : resizeRows(source, kernelsOf(filter, source.width, columns, width));
  const resized =
    height === source.height && coversAll(rows, source.height)
      ? narrowed
      : resizeColumns(narrowed, kernelsOf(filter, source.height, rows, height));
  return resized === source ? { ...source, data: source.data.slice() } : resized;
}

function checkResize(source: Raster, width: number, height: number, resample: string): void {
  checkRaster(source, "resize");
  if (![width, height].every((side) => Number.isSafeInteger(side) && side > 0)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `resize: expected a size of at least 1x1 whole pixels, found ${width}x${height}.`,
    );
  }
  if (!resampleNames.some((name) => name === resample)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `resize: expected the filter ${resampleNames.join(", ")}, found ${JSON.stringify(resample)}.`,
    );
  }
}

function checkSpan({ start, end }: Span, size: number, subject: string): void {
  if (start >= 0 && start <= end && end <= size) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `resize: expected ${subject} between 0 and ${size}, found ${start} to ${end}.`,
  );
}

const coversAll = ({ start, end }: Span, size: number): boolean => start === 0 && end === size;

/** For each output position: the first source position, how many follow, and their fixed-point weights. */
interface Kernels {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights per output position. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** 32 bits less 8 of the sample, less 2 of headroom for the negative lobes. */
const precisionBits = 22;
const half = 1 << (precisionBits - 1);

function kernelsOf(filter: Filter, size: number, span: Span, outSize: number): Kernels {
  const scale = (span.end - span.start) / outSize;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weights = new Int32Array(outSize * stride);
  const exact = new Float64Array(stride);
  for (let position = 0; position < outSize; position++) {
    const centre = span.start + (position + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(size, Math.trunc(centre + support + 0.5)) - from;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      exact[tap] = filter.weight((tap + from - centre + 0.5) * (1 / stretch));
      sum += exact[tap]!;
    }
    for (let tap = 0; tap < taps; tap++) {
      weights[position * stride + tap] = toFixedPoint(sum === 0 ? exact[tap]! : exact[tap]! / sum);
    }
    first[position] = from;
    count[position] = taps;
  }
  return { first, count, weights, stride };
}

/** Rounds half away from zero. */
function toFixedPoint(weight: number): number {
  return Math.trunc(weight * (1 << precisionBits) + (weight < 0 ? -0.5 : 0.5));
}

function toByte(sum: number): number {
  const value = sum >> precisionBits;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resizeRows(source: Raster, kernels: Kernels): Raster {
  const { channels } = source;
  const { first, count, weights, stride } = kernels;
  const out = blankRaster(first.length, source.height, channels);
  for (let y = 0; y < source.height; y++) {
    const row = y * source.width * channels;
    const outRow = y * out.width * channels;
    for (let x = 0; x < out.width; x++) {
      const taps = count[x]!;
      const begin = row + first[x]! * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = half;
        for (let tap = 0; tap < taps; tap++) {
          sum += source.data[begin + tap * channels + channel]! * weights[x * stride + tap]!;
        }
        out.data[outRow + x * channels + channel] = toByte(sum);
      }
    }
  }
  return out;
}

function resizeColumns(source: Raster, kernels: Kernels): Raster {
  const { first, count, weights, stride } = kernels;
  const out = blankRaster(source.width, first.length, source.channels);
  const rowLength = source.width * source.channels;
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < out.height; y++) {
    sums.fill(half);
    for (let tap = 0; tap < count[y]!; tap++) {
      const weight = weights[y * stride + tap]!;
      const row = (first[y]! + tap) * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i]! += source.data[row + i]! * weight;
    }
    for (let i = 0; i < rowLength; i++) out.data[y * rowLength + i] = toByte(sums[i]!);
  }
  return out;
}

/** Source positions under the centres of the output pixels. Summed step by step: the rounding must be Pillow's. */
function nearestPositions(size: number, span: Span, outSize: number): Int32Array {
  const positions = new Int32Array(outSize);
  const step = (span.end - span.start) / outSize;
  let centre = span.start + step * 0.5;
  for (let i = 0; i < outSize; i++) {
    positions[i] = Math.min(Math.trunc(centre), size - 1);
    centre += step;
  }
  return positions;
}

function pickNearest(source: Raster, width: number, height: number, columns: Span, rows: Span): Raster {
  const { channels } = source;
  const out = blankRaster(width, height, channels);
  const xs = nearestPositions(source.width, columns, width);
  const ys = nearestPositions(source.height, rows, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (ys[y]! * source.width + xs[x]!) * channels;
      const to = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++)
        out.data[to + channel] = source.data[from + channel]!;
    }
  }
  return out;
}
