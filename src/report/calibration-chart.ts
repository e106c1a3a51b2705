/** The picture of a calibration: latents as the encoder gives them, and as a diffusion model wants them. */
import type { Estimate } from "../latents/index.ts";
import { optionKinds, type OptionKinds } from "../util/check-options.ts";
import { checkData, dataKinds } from "./check-data.ts";
import { formatNumber } from "../tensor/print.ts";
import {
  bars,
  densities,
  focus,
  normalCurve,
  standardNormalDensity,
  type HistogramData,
} from "./histogram.ts";
import { element, trusted, type Markup } from "./markup.ts";
import { chartStyle, horizontalAxis, linearScale, svg, type PlotArea } from "./svg.ts";

/** What {@link renderCalibrationChart} draws. */
export interface CalibrationChart {
  /** The model's name, or what was measured. */
  readonly title: string;
  /** The latents z as the encoder gives them. */
  readonly raw: HistogramData;
  /** (z - shift) · scaling. */
  readonly normalized: HistogramData;
  /** The measured factor, with its interval. */
  readonly scalingFactor: Estimate;
  /** The measured shift, with its interval. */
  readonly shiftFactor: Estimate;
  /** The probability that the intervals stand for. @defaultValue 0.95 */
  readonly confidence?: number;
  /** How many pictures were encoded. */
  readonly pictureCount?: number;
}

const chartKinds: OptionKinds<CalibrationChart> = {
  title: optionKinds.text,
  raw: dataKinds.histogram,
  normalized: dataKinds.histogram,
  scalingFactor: dataKinds.estimate,
  shiftFactor: dataKinds.estimate,
  confidence: optionKinds.aboveZero,
  pictureCount: optionKinds.finiteNumber,
};

const width = 760;
const height = 380;
const maxBins = 120;
const area: PlotArea = { left: 24, top: 92, width: width - 48, height: 240 };

/**
 * Draws both distributions on one axis with the density of N(0, 1), the factors in the legend.
 *
 * @returns a complete SVG document, with its own style for light and dark; it refers to nothing outside.
 * @throws INVALID_ARGUMENT when a histogram has no bins, no range, or a negative count.
 */
export function renderCalibrationChart(data: CalibrationChart): string {
  const needed = ["title", "raw", "normalized", "scalingFactor", "shiftFactor"] as const;
  checkData("renderCalibrationChart", data, chartKinds, needed);
  const raw = focus(data.raw, maxBins);
  const normalized = focus(data.normalized, maxBins);
  const range: [number, number] = [
    Math.min(raw.low, normalized.low, -4),
    Math.max(raw.high, normalized.high, 4),
  ];
  const peak = Math.max(...densities(raw), ...densities(normalized), standardNormalDensity(0));
  const x = linearScale(range, [area.left, area.left + area.width]);
  const y = linearScale([0, peak], [area.top + area.height, area.top]);
  return svg(
    width,
    height,
    `${data.title}: latents before and after scaling, beside the standard normal distribution`,
    element("style", {}, trusted(chartStyle)),
    element("rect", { width, height, class: "paper" }),
    element("text", { x: area.left, y: 28, class: "strong" }, titleOf(data)),
    ...bars(raw, x, y, "bar-raw"),
    ...bars(normalized, x, y, "bar"),
    normalCurve(x, y),
    horizontalAxis(area, x, 10),
    ...legend(data),
  ).markup;
}

function titleOf({ title, pictureCount }: CalibrationChart): string {
  if (pictureCount === undefined) return title;
  return `${title}, ${pictureCount} ${pictureCount === 1 ? "picture" : "pictures"}`;
}

function legend({ scalingFactor, shiftFactor, confidence = 0.95 }: CalibrationChart): Markup[] {
  const column = area.left + 230;
  return [
    swatch(area.left, 46, "bar-raw", "before: z"),
    swatch(area.left, 66, "bar", "after: (z − shift) · scaling"),
    element("line", { x1: column, y1: 46, x2: column + 14, y2: 46, class: "curve" }),
    element("text", { x: column + 20, y: 50 }, "N(0, 1)"),
    element("text", { x: column + 90, y: 50 }, describe("scaling_factor", scalingFactor, confidence)),
    element("text", { x: column + 90, y: 70 }, describe("shift_factor", shiftFactor, confidence)),
  ];
}

function swatch(x: number, y: number, className: string, label: string): Markup {
  return element(
    "g",
    {},
    element("rect", { x, y: y - 6, width: 14, height: 10, class: className }),
    element("text", { x: x + 20, y: y + 4 }, label),
  );
}

function describe(name: string, { value, interval }: Estimate, confidence: number): string {
  const measured = `${name} ${formatNumber(value)}`;
  if (interval === null) return measured;
  return `${measured} [${formatNumber(interval[0])}, ${formatNumber(interval[1])}] (${formatNumber(confidence * 100)} % interval)`;
}
