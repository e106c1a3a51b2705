/** Digits that look written by hand, drawn by code: strokes along splines, each time a little different. */
import { Generator } from "vaekit";

/** Pixels of a side. */
export const side = 28;
export const pixelCount = side * side;

export interface Digits {
  /** [count, 784], 0 (paper) to 1 (ink). */
  readonly pixels: Float32Array;
  /** 0 to 9. */
  readonly labels: Uint8Array;
}

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

/** Points that each digit's strokes go through, from the upper left corner (0, 0) to the lower right (1, 1). */
const shapes: readonly (readonly Stroke[])[] = [
  [
    [
      [0.55, 0.02],
      [0.18, 0.2],
      [0.12, 0.62],
      [0.42, 0.98],
      [0.8, 0.78],
      [0.86, 0.3],
      [0.52, 0.02],
    ],
  ],
  [
    [
      [0.36, 0.2],
      [0.55, 0.03],
      [0.51, 0.5],
      [0.48, 0.98],
    ],
  ],
  [
    [
      [0.16, 0.26],
      [0.42, 0.02],
      [0.8, 0.16],
      [0.68, 0.5],
      [0.32, 0.78],
      [0.12, 0.95],
    ],
    [
      [0.12, 0.95],
      [0.5, 0.9],
      [0.9, 0.95],
    ],
  ],
  [
    [
      [0.18, 0.12],
      [0.55, 0.02],
      [0.8, 0.22],
      [0.42, 0.46],
    ],
    [
      [0.42, 0.46],
      [0.86, 0.66],
      [0.6, 0.97],
      [0.14, 0.88],
    ],
  ],
  [
    [
      [0.36, 0.03],
      [0.14, 0.55],
      [0.5, 0.6],
      [0.9, 0.56],
    ],
    [
      [0.7, 0.05],
      [0.66, 0.5],
      [0.62, 0.98],
    ],
  ],
  [
    [
      [0.82, 0.05],
      [0.32, 0.06],
      [0.24, 0.42],
    ],
    [
      [0.24, 0.42],
      [0.6, 0.38],
      [0.86, 0.66],
      [0.58, 0.96],
      [0.15, 0.9],
    ],
  ],
  [
    [
      [0.7, 0.03],
      [0.32, 0.34],
      [0.15, 0.72],
      [0.42, 0.98],
      [0.78, 0.8],
      [0.64, 0.52],
      [0.32, 0.6],
      [0.18, 0.8],
    ],
  ],
  [
    [
      [0.12, 0.08],
      [0.5, 0.1],
      [0.88, 0.06],
    ],
    [
      [0.88, 0.06],
      [0.6, 0.46],
      [0.42, 0.98],
    ],
  ],
  [
    [
      [0.76, 0.16],
      [0.46, 0.02],
      [0.2, 0.2],
      [0.5, 0.47],
      [0.82, 0.75],
      [0.5, 0.98],
      [0.18, 0.78],
      [0.46, 0.5],
      [0.74, 0.26],
      [0.72, 0.12],
    ],
  ],
  [
    [
      [0.8, 0.2],
      [0.52, 0.03],
      [0.2, 0.26],
      [0.42, 0.5],
      [0.78, 0.32],
      [0.8, 0.14],
    ],
    [
      [0.8, 0.14],
      [0.75, 0.6],
      [0.6, 0.98],
    ],
  ],
];

/** Random numbers of one digit: its hand, then two for each point. */
const numbersOfDigit = 48;

/** The same digits for the same seed, here and in Node. */
export function drawnDigits(count: number, seed: number): Digits {
  const normal = Generator.philox(seed).randn([count, numbersOfDigit]).data;
  const pixels = new Float32Array(count * pixelCount);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  for (let i = 0; i < count; i++) {
    const numbers = normal.subarray(i * numbersOfDigit, (i + 1) * numbersOfDigit);
    drawDigit(labels[i]!, numbers, pixels.subarray(i * pixelCount, (i + 1) * pixelCount));
  }
  return { pixels, labels };
}

/** How somebody writes: slanted, large, thick. */
function drawDigit(label: number, numbers: Float32Array, out: Float32Array): void {
  const [turn = 0, slant = 0, wide = 0, high = 0, right = 0, down = 0, thick = 0] = numbers;
  const angle = 0.1 * turn;
  const [cos, sin, shear] = [Math.cos(angle), Math.sin(angle), 0.18 * slant - 0.1];
  const [width, height] = [13 * (1 + 0.1 * clipped(wide)), 19 * (1 + 0.05 * clipped(high))];
  const radius = 1.15 + 0.28 * clipped(thick);
  let next = 7;
  const placed = ([x, y]: Point): Point => {
    const u = (x - 0.5 + 0.03 * numbers[next++]!) * width;
    const v = (y - 0.5 + 0.025 * numbers[next++]!) * height;
    const [a, b] = [u - shear * v, v];
    return [13.5 + 0.6 * right + cos * a - sin * b, 13.5 + 0.6 * down + sin * a + cos * b];
  };
  // Strokes that meet in a point of the shape go on meeting there.
  const points = new Map<string, Point>();
  const once = (point: Point): Point => {
    const name = point.join();
    const kept = points.get(name) ?? placed(point);
    points.set(name, kept);
    return kept;
  };
  for (const stroke of shapes[label]!) for (const at of along(stroke.map(once))) dab(out, at, radius);
}

const clipped = (value: number): number => Math.min(Math.max(value, -2), 2);

/** Points close to one another on a Catmull-Rom spline. */
function* along(through: readonly Point[]): Iterable<Point> {
  for (let i = 0; i + 1 < through.length; i++) {
    const [b, c] = [through[i]!, through[i + 1]!];
    const [a, d] = [through[i - 1] ?? b, through[i + 2] ?? c];
    const steps = Math.ceil(2.5 * Math.hypot(c[0] - b[0], c[1] - b[1])) + 1;
    for (let step = 0; step <= steps; step++) {
      const t = step / steps;
      const at = (k: 0 | 1): number =>
        b[k] +
        0.5 *
          t *
          (c[k] - a[k] + t * (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k] + t * (3 * (b[k] - c[k]) + d[k] - a[k])));
      yield [at(0), at(1)];
    }
  }
}

/** Ink around a point, with an edge as soft as a pixel. */
export function dab(out: Float32Array, [x, y]: Point, radius: number): void {
  const reach = Math.ceil(radius + 0.5);
  const [left, top] = [Math.max(Math.floor(x) - reach, 0), Math.max(Math.floor(y) - reach, 0)];
  const [right, bottom] = [
    Math.min(Math.ceil(x) + reach, side - 1),
    Math.min(Math.ceil(y) + reach, side - 1),
  ];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const ink = Math.min(Math.max(radius + 0.5 - Math.hypot(column - x, row - y), 0), 1);
      const i = row * side + column;
      out[i] = Math.max(out[i]!, ink);
    }
  }
}
