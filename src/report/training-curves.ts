/** The curves of a training run: what it minimised, and how good the pictures of the validation set became. */
import { optionKinds, type OptionKinds } from "../util/check-options.ts";
import { checkData, dataKinds } from "./check-data.ts";
import { formatNumber } from "../tensor/print.ts";
import { element, trusted, type Markup } from "./markup.ts";
import {
  chartStyle,
  horizontalAxis,
  linearScale,
  polyline,
  svg,
  ticks,
  type PlotArea,
  type Scale,
} from "./svg.ts";

/** One point of a curve. */
export interface CurvePoint {
  /** The step, on the horizontal axis. */
  readonly step: number;
  /** The value after that step. */
  readonly value: number;
}

/** What {@link renderTrainingCurves} draws. */
export interface TrainingCurves {
  /** Stands above the plot. */
  readonly title: string;
  /** The training loss; drawn on a logarithmic axis where it stays above 0. */
  readonly loss: readonly CurvePoint[];
  /** A metric of the validation set, such as "PSNR in dB", of the weights and of their average. */
  readonly validation?: {
    /** What the metric is called, with its unit. */
    readonly label: string;
    /** Of the weights as they are. */
    readonly raw: readonly CurvePoint[];
    /** Of their moving average; empty where there is none. */
    readonly average: readonly CurvePoint[];
  };
}

const curvesKinds: OptionKinds<TrainingCurves> = {
  title: optionKinds.text,
  loss: dataKinds.points,
  validation: {
    expected: "curves { label, raw, average }",
    fits: (value) => {
      const { label, raw, average } = (value ?? {}) as Record<string, unknown>;
      return typeof label === "string" && [raw, average].every((points) => dataKinds.points.fits(points));
    },
  },
};

const width = 760;
const height = 360;
const margin = 48;
const panelWidth = (width - 3 * margin) / 2;

/** Points of one curve at most; more are averaged, neighbours together. */
const maxPoints = 200;

/**
 * @throws INVALID_ARGUMENT for what has no such curves.
 * @returns a complete SVG document, with its own style for light and dark; it refers to nothing outside.
 */
export function renderTrainingCurves(data: TrainingCurves): string {
  checkData("renderTrainingCurves", data, curvesKinds, ["title", "loss"]);
  const { title, loss, validation } = data;
  const area = (index: number): PlotArea => ({
    left: margin + index * (panelWidth + margin),
    top: 84,
    width: panelWidth,
    height: 220,
  });
  const panels = [
    panel("training loss", area(0), [{ points: thinned(loss), className: "curve" }], true),
    ...(validation === undefined || validation.raw.length === 0
      ? []
      : [
          panel(validation.label, area(1), [
            { points: thinned(validation.raw), className: "curve raw" },
            { points: thinned(validation.average), className: "curve" },
          ]),
        ]),
  ];
  const label = `${title}: training loss and validation by step`;
  return svg(
    width,
    height,
    label,
    element(
      "style",
      {},
      trusted(`${chartStyle}.chart .raw { stroke-opacity: 0.45; stroke-dasharray: 4 3; }`),
    ),
    element("rect", { width, height, class: "paper" }),
    element("text", { x: margin, y: 32, class: "strong" }, title),
    ...panels,
  ).markup;
}

interface Curve {
  readonly points: readonly CurvePoint[];
  readonly className: string;
}

function panel(label: string, area: PlotArea, curves: readonly Curve[], prefersLogarithm = false): Markup {
  // A place that is no number would end the curve in a browser.
  const drawn = curves.map(({ points, className }) => ({
    points: points.filter(({ value }) => Number.isFinite(value)),
    className,
  }));
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0)
    return element("text", { x: area.left, y: area.top, class: "strong" }, `${label}: none`);
  const isLogarithmic = prefersLogarithm && all.every(({ value }) => value > 0);
  const height = (value: number): number => (isLogarithmic ? Math.log10(value) : value);
  const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  const x = linearScale(range(all.map(({ step }) => step)), [area.left, area.left + area.width]);
  const y = linearScale(range(all.map(({ value }) => height(value))), [area.top + area.height, area.top]);
  return element(
    "g",
    {},
    element("text", { x: area.left, y: area.top - 16, class: "strong" }, label),
    horizontalAxis(area, x, 4),
    verticalAxis(area, y, isLogarithmic),
    ...drawn.map(({ points, className }) =>
      polyline(
        points.map(({ step, value }) => [x(step), y(height(value))] as const),
        className,
      ),
    ),
  );
}

function verticalAxis(area: PlotArea, y: Scale, isLogarithmic: boolean): Markup {
  return element(
    "g",
    { class: "axis" },
    element("line", { x1: area.left, y1: area.top, x2: area.left, y2: area.top + area.height }),
    ticks(y.from, 5).map((value) => [
      element("line", { x1: area.left - 4, y1: y(value), x2: area.left, y2: y(value) }),
      element(
        "text",
        { x: area.left - 7, y: y(value) + 4, "text-anchor": "end" },
        isLogarithmic ? (10 ** value).toPrecision(2) : formatNumber(value),
      ),
    ]),
  );
}

/** Means of neighbours, so that noise does not fill the picture. */
function thinned(points: readonly CurvePoint[]): CurvePoint[] {
  const size = Math.ceil(points.length / maxPoints);
  return Array.from({ length: Math.ceil(points.length / size) || 0 }, (_, index) => {
    const group = points.slice(index * size, (index + 1) * size);
    const mean = (pick: (point: CurvePoint) => number): number =>
      group.reduce((sum, point) => sum + pick(point), 0) / group.length;
    return { step: mean(({ step }) => step), value: mean(({ value }) => value) };
  });
}
