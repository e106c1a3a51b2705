/**
 * Resizing, equal bit for bit to Pillow's `Image.resize` on 8-bit pictures: two passes (rows, then columns)
 * with antialiasing filters in 22-bit fixed point, rounded to 8 bits after each pass. The VAE's input must be
 * the one that diffusers would have made. The order of the passes is that of Pillow 12; Pillow 13.0 takes the
 * columns first for some sizes, and hard edges then differ, because the rounding and clipping between the passes do.
 *
 * @see https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters
 */
import { VaekitError } from "../errors.ts";
import { checkOptions, optionKinds, type OptionKinds } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";
import { premultiplied, unmultiplied } from "./premultiplied.ts";
import { blankRaster, checkRaster, type Raster } from "./raster.ts";
import { quote } from "../util/printable.ts";

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
/** One of {@link resampleNames}. */
export type Resample = (typeof resampleNames)[number];

/** A part of the source in pixels, from `start` to `end`; it may have no width: then its edge is sampled. */
export interface Span {
  /** The first pixel's left (or upper) edge. */
  readonly start: number;
  /** The last pixel's right (or lower) edge. */
  readonly end: number;
}

/** A part of the resized picture, in its pixels. */
export interface ResizeWindow {
  /** The first column. */
  readonly left: number;
  /** The first row. */
  readonly top: number;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

/** The options of {@link resizeRaster}. */
export interface ResizeOptions {
  /** @defaultValue "lanczos" */
  resample?: Resample;
  /** The part of the resized picture that is wanted: the same samples, without the work for the rest. */
  window?: ResizeWindow;
  /** The columns to read; all of them by default. */
  columns?: Span;
  /** The rows to read; all of them by default. */
  rows?: Span;
}

const resizeKinds: OptionKinds<ResizeOptions> = {
  resample: optionKinds.checkedElsewhere,
  window: optionKinds.object,
  columns: optionKinds.object,
  rows: optionKinds.object,
};

/**
 * Resizes a picture to `width` x `height`, as Pillow's `Image.resize((width, height), resample, box)`: what is hidden under
 * transparent pixels does not show at their borders.
 *
 * @throws INVALID_ARGUMENT on a size that is not positive, or an unknown filter.
 */
export function resizeRaster(
  source: Raster,
  width: number,
  height: number,
  options: ResizeOptions = {},
): Raster {
  checkOptions("resizeRaster", options, resizeKinds);
  checkRaster(source, "resizeRaster");
  const { resample = "lanczos" } = options;
  const columns = options.columns ?? { start: 0, end: source.width };
  const rows = options.rows ?? { start: 0, end: source.height };
  const window = options.window ?? { left: 0, top: 0, width, height };
  checkResize(source, width, height, resample);
  checkSpan(columns, source.width, "columns");
  checkSpan(rows, source.height, "rows");
  checkSpan({ start: window.left, end: window.left + window.width }, width, "the window's columns");
  checkSpan({ start: window.top, end: window.top + window.height }, height, "the window's rows");
  const across = {
    size: source.width,
    span: columns,
    outSize: width,
    from: window.left,
    count: window.width,
  };
  const down = { size: source.height, span: rows, outSize: height, from: window.top, count: window.height };
  if (resample === "nearest") return pickNearest(source, across, down);
  if (isCopy(across) && isCopy(down)) return { ...source, data: source.data.slice() };
  const filter = filters[resample];
  return source.channels === 4
    ? unmultiplied(filtered(premultiplied(source), filter, across, down))
    : filtered(source, filter, across, down);
}

/** One direction of a resize: a span of `size` pixels becomes `outSize`, of which `count` are wanted from `from` on. */
function filtered(source: Raster, filter: Filter, across: Axis, down: Axis): Raster {
  const columnKernels = isCopy(down) ? undefined : kernelsOf(filter, down);
  const narrowed = isCopy(across)
    ? source
    : resizeRows(source, kernelsOf(filter, across), rowsFor(columnKernels, source.height));
  return columnKernels === undefined ? narrowed : resizeColumns(narrowed, columnKernels);
}

interface Axis {
  readonly size: number;
  readonly span: Span;
  readonly outSize: number;
  readonly from: number;
  readonly count: number;
}

const isCopy = ({ size, span, count }: Axis): boolean => count === size && coversAll(span, size);

/** The rows of the source that the second pass reads. */
function rowsFor(kernels: Kernels | undefined, height: number): Span {
  if (kernels === undefined) return { start: 0, end: height };
  const last = kernels.first.length - 1;
  return { start: kernels.first[0]!, end: kernels.first[last]! + kernels.count[last]! };
}

function checkResize(source: Raster, width: number, height: number, resample: string): void {
  checkRaster(source, "resize");
  if (![width, height].every((side) => Number.isSafeInteger(side) && side > 0)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `resize: expected a size of at least 1x1 whole pixels, found ${describeValue(width)} x ${describeValue(height)}.`,
    );
  }
  if (!resampleNames.some((name) => name === resample)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `resize: expected the filter ${resampleNames.join(", ")}, found ${quote(resample)}.`,
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

function kernelsOf(filter: Filter, axis: Axis): Kernels {
  const { size, span, outSize, count: positions } = axis;
  const scale = (span.end - span.start) / outSize;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(positions);
  const count = new Int32Array(positions);
  const weights = new Int32Array(positions * stride);
  const exact = new Float64Array(stride);
  for (let position = 0; position < positions; position++) {
    const centre = span.start + (axis.from + position + 0.5) * scale;
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

/** Rows outside of `rows` stay black: nobody reads them. */
function resizeRows(source: Raster, kernels: Kernels, rows: Span): Raster {
  const { channels } = source;
  const { first, count, weights, stride } = kernels;
  const out = blankRaster(first.length, source.height, channels);
  for (let y = rows.start; y < rows.end; y++) {
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
function nearestPositions({ size, span, outSize, from, count }: Axis): Int32Array {
  const positions = new Int32Array(count);
  const step = (span.end - span.start) / outSize;
  let centre = span.start + step * 0.5;
  for (let i = 0; i < from + count; i++) {
    if (i >= from) positions[i - from] = Math.min(Math.trunc(centre), size - 1);
    centre += step;
  }
  return positions;
}

function pickNearest(source: Raster, across: Axis, down: Axis): Raster {
  const { channels } = source;
  const out = blankRaster(across.count, down.count, channels);
  const xs = nearestPositions(across);
  const ys = nearestPositions(down);
  for (let y = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      const from = (ys[y]! * source.width + xs[x]!) * channels;
      const to = (y * out.width + x) * channels;
      for (let channel = 0; channel < channels; channel++)
        out.data[to + channel] = source.data[from + channel]!;
    }
  }
  return out;
}
