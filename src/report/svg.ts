/** The little of SVG that our charts need: a plot area, an axis, bars and a curve. Sizes are in pixels. */
import { formatNumber } from "../tensor/print.ts";
import { element, type Markup } from "./markup.ts";

/** Where a chart draws its data, inside the picture. */
export interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Maps `from` of the data onto `to` of the picture. */
export interface Scale {
  (value: number): number;
  readonly from: readonly [number, number];
}

/** The straight line that takes `from[0]` to `to[0]` and `from[1]` to `to[1]`. */
export function linearScale(from: readonly [number, number], to: readonly [number, number]): Scale {
  const span = from[1] - from[0] || 1;
  const scale = (value: number): number => to[0] + ((value - from[0]) / span) * (to[1] - to[0]);
  return Object.assign(scale, { from });
}

/** About `count` round numbers inside the range: steps of 1, 2 or 5 times a power of ten. */
export function ticks([low, high]: readonly [number, number], count: number): number[] {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => (first + i) * step);
}

/** The base line of the plot with its ticks and their numbers. */
export function horizontalAxis(area: PlotArea, x: Scale, count: number): Markup {
  const base = area.top + area.height;
  return element(
    "g",
    { class: "axis" },
    element("line", { x1: area.left, y1: base, x2: area.left + area.width, y2: base }),
    ticks(x.from, count).map((value) => [
      element("line", { x1: x(value), y1: base, x2: x(value), y2: base + 4 }),
      element("text", { x: x(value), y: base + 16, "text-anchor": "middle" }, formatNumber(value)),
    ]),
  );
}

/** A curve through points that are already in pixels. */
export function polyline(points: readonly (readonly [number, number])[], className: string): Markup {
  const path = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
  return element("polyline", { points: path, class: className });
}

/** The root element. `label` is what a screen reader says. */
export function svg(width: number, height: number, label: string, ...content: Markup[]): Markup {
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": label,
      class: "chart",
    },
    ...content,
  );
}

/** How charts look, in light and in dark; class names only, so that it also serves charts inside a page. */
export const chartStyle = `
.chart { font: 12px system-ui, sans-serif; max-width: 100%; height: auto; }
.chart .paper { fill: #ffffff; }
.chart text { fill: #3d4451; }
.chart .strong { fill: #14171c; font-weight: 600; }
.chart .axis line { stroke: #9aa3b2; }
.chart .bar { fill: #2f6fb5; fill-opacity: 0.72; }
.chart .bar-raw { fill: #c2571a; fill-opacity: 0.62; }
.chart .curve { fill: none; stroke: #14171c; stroke-width: 1.6; }
@media (prefers-color-scheme: dark) {
  .chart .paper { fill: #171a20; }
  .chart text { fill: #b6bfcd; }
  .chart .strong { fill: #f2f4f8; }
  .chart .axis line { stroke: #667080; }
  .chart .bar { fill: #6aa9ee; }
  .chart .bar-raw { fill: #f0965a; }
  .chart .curve { stroke: #f2f4f8; }
}
`;
