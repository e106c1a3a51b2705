/** Histograms as bars of densities, and the standard normal curve that they are compared with. */
import { VaekitError } from "../errors.ts";
import { element, type Markup } from "./markup.ts";
import { horizontalAxis, linearScale, polyline, svg, type PlotArea, type Scale } from "./svg.ts";

/** How many values fell into each of equally wide bins between `low` and `high`. */
export interface HistogramData {
  /** The lower edge of the first bin. */
  readonly low: number;
  /** The upper edge of the last bin. */
  readonly high: number;
  /** How many values fell into each bin, from `low` on. */
  readonly counts: ArrayLike<number>;
  /** Values below `low`; they count for the heights and have no bar. @defaultValue 0 */
  readonly below?: number;
  /** Values from `high` on. @defaultValue 0 */
  readonly above?: number;
}

/** The density of N(0, 1) at `x`. */
export function standardNormalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * The height of each bar, so that all values together have the area 1; zeros where nothing was counted.
 *
 * @throws INVALID_ARGUMENT on an empty range, no bins, or a count that is negative or not finite.
 */
export function densities(histogram: HistogramData): number[] {
  const { low, high, below = 0, above = 0 } = histogram;
  const counts = Array.from(histogram.counts);
  if (!(high > low) || !Number.isFinite(high - low) || counts.length === 0) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `histogram: expected at least one bin between finite low < high, found ${counts.length} from ${low} to ${high}.`,
    );
  }
  const bad = [...counts, below, above].find((count) => !(count >= 0 && Number.isFinite(count)));
  if (bad !== undefined) {
    throw new VaekitError("INVALID_ARGUMENT", `histogram: expected counts of 0 or more, found ${bad}.`);
  }
  const binWidth = (high - low) / counts.length;
  const total = counts.reduce((sum, count) => sum + count, below + above);
  return counts.map((count) => (total === 0 ? 0 : count / (total * binWidth)));
}

/** The share of values that {@link focus} may cut off at each end. */
const tail = 0.005;

/**
 * The part of a histogram that is worth drawing: without the nearly empty bins at its ends, neighbours joined
 * until at most `maxBins` are left. What is cut off counts on as below and above.
 */
export function focus(histogram: HistogramData, maxBins: number): HistogramData {
  const { low, high, below = 0, above = 0 } = histogram;
  const counts = Array.from(histogram.counts);
  const inside = counts.reduce((sum, count) => sum + count, 0);
  if (!(inside > 0) || !(high > low)) return histogram;
  const binWidth = (high - low) / counts.length;
  const mostCut = (inside + below + above) * tail;
  const begin = emptyEnd(counts, mostCut - below);
  const end = counts.length - emptyEnd([...counts].reverse(), mostCut - above);
  const joined = Math.ceil((end - begin) / maxBins);
  const groups = Math.ceil((end - begin) / joined);
  const sum = (from: number, to: number): number =>
    counts.slice(from, to).reduce((total, count) => total + count, 0);
  const afterLast = begin + groups * joined;
  return {
    low: low + begin * binWidth,
    high: low + afterLast * binWidth,
    counts: Array.from({ length: groups }, (_, group) => {
      return sum(begin + group * joined, begin + (group + 1) * joined);
    }),
    below: below + sum(0, begin),
    above: above + sum(afterLast, counts.length),
  };
}

/** How many bins from the start hold no more than `mostCut` values together. At least one bin is left. */
function emptyEnd(counts: readonly number[], mostCut: number): number {
  let cut = 0;
  const first = counts.findIndex((count) => count > 0 && (cut += count) > mostCut);
  return Math.max(first, 0);
}

/** One rectangle for each bin that is not empty, standing on the plot's base line. */
export function bars(histogram: HistogramData, x: Scale, y: Scale, className: string): Markup[] {
  const heights = densities(histogram);
  const binWidth = (histogram.high - histogram.low) / heights.length;
  return heights.flatMap((density, bin) => {
    if (density === 0) return [];
    const left = x(histogram.low + bin * binWidth);
    const right = x(histogram.low + (bin + 1) * binWidth);
    const top = y(density);
    return [element("rect", { x: left, y: top, width: right - left, height: y(0) - top, class: className })];
  });
}

/** The density of N(0, 1) across the whole of the plot. */
export function normalCurve(x: Scale, y: Scale, className = "curve"): Markup {
  const [low, high] = x.from;
  const steps = 120;
  const points = Array.from({ length: steps + 1 }, (_, step) => {
    const value = low + ((high - low) * step) / steps;
    return [x(value), y(standardNormalDensity(value))] as const;
  });
  return polyline(points, className);
}

export interface HistogramChartOptions {
  /** Stands above the plot, and is what a screen reader says. */
  readonly title: string;
  readonly widthPixels?: number;
  readonly heightPixels?: number;
  /** Draws the standard normal density over the bars, and shows at least -4 … 4. @defaultValue false */
  readonly showNormal?: boolean;
}

/** Narrower bars show noise rather than the distribution. */
const pixelsPerBar = 5;

/** One histogram as an SVG element, its rare values at both ends cut off. */
export function histogramChart(data: HistogramData, options: HistogramChartOptions): Markup {
  const { title, widthPixels = 240, heightPixels = 150, showNormal = false } = options;
  const histogram = focus(data, Math.floor(widthPixels / pixelsPerBar));
  const area: PlotArea = { left: 10, top: 24, width: widthPixels - 20, height: heightPixels - 48 };
  const range: [number, number] = showNormal
    ? [Math.min(histogram.low, -4), Math.max(histogram.high, 4)]
    : [histogram.low, histogram.high];
  const peak = Math.max(...densities(histogram), showNormal ? standardNormalDensity(0) : 0);
  const x = linearScale(range, [area.left, area.left + area.width]);
  const y = linearScale([0, peak], [area.top + area.height, area.top]);
  return svg(
    widthPixels,
    heightPixels,
    title,
    element("text", { x: area.left, y: 15, class: "strong" }, title),
    ...bars(histogram, x, y, "bar"),
    ...(showNormal ? [normalCurve(x, y)] : []),
    horizontalAxis(area, x, Math.floor(widthPixels / 60)),
  );
}
