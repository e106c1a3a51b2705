/** The bench's results as pictures: time and memory side by side, and both as the picture grows. */
import { formatNumber } from "../tensor/print.ts";
import { element, trusted, type Markup } from "./markup.ts";
import { chartStyle, linearScale, polyline, svg, type PlotArea, type Scale } from "./svg.ts";

/** One mode in one case. Lacks its numbers where it was not measured. */
export interface BenchResult {
  readonly label: string;
  /** Milliseconds. */
  readonly median?: number;
  readonly peakBytes?: number;
  /** Time / time of what others are compared with. */
  readonly versusDiffusers?: number;
}

/** One half of the model at one size. */
export interface BenchCase {
  readonly half: string;
  /** Pixels along each side. */
  readonly side: number;
  readonly results: readonly BenchResult[];
}

/** What {@link renderBenchChart} and {@link renderGrowthChart} draw. */
export interface BenchChart {
  readonly cases: readonly BenchCase[];
  /** Lines below the picture: the machine and the versions. */
  readonly note: readonly string[];
}

type Measured = Required<Pick<BenchResult, "label" | "median" | "peakBytes">> & BenchResult;

const width = 760;
const margin = 24;
const labelWidth = 190;
const rowHeight = 20;
const lineHeight = 18;
/** Bars end here; their numbers stand behind them. */
const timeBars: readonly [number, number] = [margin + labelWidth, 430];
const memoryBars: readonly [number, number] = [560, 680];

const ownStyle = `
.chart .own { fill-opacity: 1; }
.chart .line { fill: none; stroke-width: 2; }
.chart .line0 { stroke: #2f6fb5; }
.chart .line1 { stroke: #c2571a; }
.chart .line2 { stroke: #3d8b4f; }
.chart .line3 { stroke: #8a5bb0; }
.chart .encode { stroke-dasharray: 6 3; }
@media (prefers-color-scheme: dark) {
  .chart .line0 { stroke: #6aa9ee; }
  .chart .line1 { stroke: #f0965a; }
  .chart .line2 { stroke: #7fcf92; }
  .chart .line3 { stroke: #c39be6; }
}
`;
const lineColors = 4;

/**
 * A group of bars for each case: median time (and its ratio to diffusers in float32) and peak memory of each mode.
 *
 * @returns a complete SVG document, with its own style for light and dark; it refers to nothing outside.
 */
export function renderBenchChart({ cases, note }: BenchChart): string {
  const groups: Markup[] = [];
  let top = margin;
  for (const { half, side, results } of cases) {
    const measured = results.filter(isMeasured);
    if (measured.length === 0) continue;
    groups.push(...barGroup(`${half} ${side} × ${side}`, measured, top));
    top += (measured.length + 2) * rowHeight;
  }
  return page("median time and peak memory of each mode", top, note, groups);
}

function barGroup(title: string, results: readonly Measured[], top: number): Markup[] {
  const largest = (pick: (result: Measured) => number): number => Math.max(...results.map(pick));
  const time = linearScale([0, largest(({ median }) => median)], timeBars);
  const memory = linearScale([0, largest(({ peakBytes }) => peakBytes)], memoryBars);
  const rows = results.flatMap(({ label, median, peakBytes, versusDiffusers }, index) => {
    const y = top + (index + 1) * rowHeight;
    const own = isOwn(label) ? " own" : "";
    const ratio = versusDiffusers === undefined ? "" : ` (${versusDiffusers.toFixed(2)})`;
    return [
      element("text", { x: margin, y: y + 10, class: own === "" ? undefined : "strong" }, label),
      ...bar(time, median, y, `bar${own}`, `${seconds(median)}${ratio}`),
      ...bar(memory, peakBytes, y, `bar-raw${own}`, gigabytes(peakBytes)),
    ];
  });
  const hasRatio = results.some(({ versusDiffusers }) => versusDiffusers !== undefined);
  return [
    element("text", { x: margin, y: top + 8, class: "strong" }, title),
    element(
      "text",
      { x: timeBars[0], y: top + 8 },
      hasRatio ? "median time (diffusers fp32 = 1)" : "median time",
    ),
    element("text", { x: memoryBars[0], y: top + 8 }, "peak memory"),
    ...rows,
  ];
}

function bar(scale: Scale, value: number, y: number, className: string, text: string): Markup[] {
  const end = scale(value);
  return [
    element("rect", { x: scale(0), y, width: Math.max(end - scale(0), 1), height: 13, class: className }),
    element("text", { x: end + 6, y: y + 10 }, text),
  ];
}

/**
 * Time and peak memory over the side of the picture, both axes logarithmic: a straight line is a power.
 *
 * @returns a complete SVG document, with its own style for light and dark; it refers to nothing outside.
 */
export function renderGrowthChart({ cases, note }: BenchChart): string {
  const curves = growthCurves(cases);
  const top = 60;
  const height = 240;
  const panelWidth = (width - 3 * margin - 2 * 40) / 2;
  const area = (index: number): PlotArea => ({
    left: margin + 40 + index * (panelWidth + margin + 40),
    top,
    width: panelWidth,
    height,
  });
  const legendTop = top + height + 48;
  const legend = curves.map(({ label, className }, index) => {
    const y = legendTop + index * lineHeight;
    return [
      polyline(
        [
          [margin, y - 4],
          [margin + 28, y - 4],
        ],
        className,
      ),
      element("text", { x: margin + 36, y }, label),
    ];
  });
  return page("time and peak memory by picture size", legendTop + curves.length * lineHeight, note, [
    growthPanel("median time", area(0), curves, ({ median }) => median, seconds),
    growthPanel("peak memory", area(1), curves, ({ peakBytes }) => peakBytes, gigabytes),
    ...legend.flat(),
  ]);
}

interface GrowthPoint extends Measured {
  readonly side: number;
}

interface GrowthCurve {
  readonly label: string;
  readonly className: string;
  readonly points: readonly GrowthPoint[];
}

/** One for each mode and half that has points, in the order of the cases: a colour for the mode, dashes for encode. */
function growthCurves(cases: readonly BenchCase[]): GrowthCurve[] {
  const labels = [...new Set(cases.flatMap(({ results }) => results.map(({ label }) => label)))];
  const halves = [...new Set(cases.map(({ half }) => half))];
  return halves.flatMap((half) =>
    labels.flatMap((label, index) => {
      const points = cases
        .filter((one) => one.half === half)
        .flatMap(({ side, results }) =>
          results
            .filter((result) => result.label === label && isMeasured(result))
            .map((result) => ({ ...result, side })),
        ) as GrowthPoint[];
      if (points.length === 0) return [];
      const className = `line line${index % lineColors} ${half}`;
      return [{ label: `${half}: ${label}`, className, points: points.sort((a, b) => a.side - b.side) }];
    }),
  );
}

function growthPanel(
  title: string,
  area: PlotArea,
  curves: readonly GrowthCurve[],
  pick: (point: GrowthPoint) => number,
  format: (value: number) => string,
): Markup {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return element("text", { x: area.left, y: area.top }, `${title}: none`);
  const sides = [...new Set(points.map(({ side }) => side))].sort((a, b) => a - b);
  const marks = roundNumbers(points.map(pick));
  const range = (values: readonly number[]): [number, number] => [
    Math.log2(Math.min(...values)),
    Math.log2(Math.max(...values)),
  ];
  const x = linearScale(range(sides), [area.left, area.left + area.width]);
  const y = linearScale(range(marks), [area.top + area.height, area.top]);
  const base = area.top + area.height;
  return element(
    "g",
    {},
    element("text", { x: area.left, y: area.top - 24, class: "strong" }, title),
    element(
      "g",
      { class: "axis" },
      element("line", { x1: area.left, y1: base, x2: area.left + area.width, y2: base }),
      element("line", { x1: area.left, y1: area.top, x2: area.left, y2: base }),
      sides.map((side) => [
        element("line", { x1: x(Math.log2(side)), y1: base, x2: x(Math.log2(side)), y2: base + 4 }),
        element(
          "text",
          { x: x(Math.log2(side)), y: base + 16, "text-anchor": "middle" },
          `${formatNumber(side)} px`,
        ),
      ]),
      marks.map((mark) => [
        element("line", { x1: area.left - 4, y1: y(Math.log2(mark)), x2: area.left, y2: y(Math.log2(mark)) }),
        element("text", { x: area.left - 7, y: y(Math.log2(mark)) + 4, "text-anchor": "end" }, format(mark)),
      ]),
    ),
    ...curves.map((curve) =>
      polyline(
        curve.points.map((point) => [x(Math.log2(point.side)), y(Math.log2(pick(point)))] as const),
        curve.className,
      ),
    ),
  );
}

/** 1, 2 and 5 times powers of ten that enclose all values; powers of ten alone where those are many. */
function roundNumbers(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const enclosing = (factors: readonly number[]): number[] => {
    const powers = Array.from(
      { length: Math.ceil(Math.log10(high / low)) + 3 },
      (_, index) => 10 ** (Math.floor(Math.log10(low)) - 1 + index),
    );
    const numbers = powers.flatMap((power) => factors.map((factor) => factor * power));
    const first = numbers.findLastIndex((number) => number <= low);
    const last = numbers.findIndex((number) => number >= high);
    return numbers.slice(first, Math.max(last, first + 1) + 1);
  };
  const fine = enclosing([1, 2, 5]);
  return fine.length <= 10 ? fine : enclosing([1]);
}

/** The document around the drawing: paper, style, the note below. */
function page(label: string, bottom: number, note: readonly string[], content: readonly Markup[]): string {
  const height = bottom + note.length * lineHeight + margin;
  return svg(
    width,
    height,
    label,
    element("style", {}, trusted(chartStyle + ownStyle)),
    element("rect", { width, height, class: "paper" }),
    ...content,
    ...note.map((line, index) => element("text", { x: margin, y: bottom + (index + 1) * lineHeight }, line)),
  ).markup;
}

const isMeasured = (result: BenchResult): result is Measured =>
  result.median !== undefined && result.peakBytes !== undefined;

const isOwn = (label: string): boolean => label.includes("vaekit");

/** Three digits and no more. */
function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  return `${value.toFixed(value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0)} s`;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
