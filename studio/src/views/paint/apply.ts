/** What strokes do to latents. */
import { Generator, Tensor } from "vaekit";
import { parts, type Point, type Stroke } from "./strokes.ts";

type Latents = Tensor<"float32">;

export interface Paint {
  /** The standard deviation of all latents, which strengths are in. */
  readonly deviation: number;
  /** Another picture's latents, of the same shape, for `copy`. */
  readonly other: Latents | undefined;
}

export function painted(latents: Latents, strokes: readonly Stroke[], paint: Paint): Latents {
  const data = latents.data.slice();
  const [, channels = 0, height = 0, width = 0] = latents.shape;
  strokes.forEach((stroke, index) => {
    const weights = brushWeights(stroke, width, height);
    const noise = stroke.tool === "noise" ? Generator.philox(index).randn(latents.shape).data : undefined;
    const change = changeOf(stroke, paint, noise);
    for (let channel = 0; channel < channels; channel++) {
      if (stroke.channel !== undefined && stroke.channel !== channel) continue;
      weights.forEach((weight, place) => {
        const i = channel * width * height + place;
        if (weight > 0) data[i] = change(data[i]!, weight, i);
      });
    }
  });
  return Tensor.from(data, latents.shape);
}

function changeOf(
  { tool, strength }: Stroke,
  { deviation, other }: Paint,
  noise: Float32Array | undefined,
): (value: number, weight: number, i: number) => number {
  const step = strength * deviation;
  switch (tool) {
    case "add":
      return (value, weight) => value + step * weight;
    case "take":
      return (value, weight) => value - step * weight;
    case "noise":
      return (value, weight, i) => value + step * weight * (noise?.[i] ?? 0);
    case "erase":
      return (value, weight) => value * (1 - weight);
    case "copy":
      return (value, weight, i) => value + weight * ((other?.data[i] ?? value) - value);
  }
}

/** How much of the brush each place gets, 0 to 1: whole in the inner half of its radius, then less. */
export function brushWeights({ points, radius }: Stroke, width: number, height: number): Float32Array {
  const weights = new Float32Array(width * height);
  const scale = width / parts;
  const reach = Math.max(radius * scale, 0.5);
  for (const { x, y } of between(points)) {
    const [centreX, centreY] = [(x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5];
    for (
      let row = Math.max(0, Math.floor(centreY - reach));
      row <= Math.min(height - 1, centreY + reach);
      row++
    ) {
      for (
        let column = Math.max(0, Math.floor(centreX - reach));
        column <= Math.min(width - 1, centreX + reach);
        column++
      ) {
        const distance = Math.hypot(column - centreX, row - centreY) / reach;
        const weight = Math.min(1, Math.max(0, 2 - 2 * distance));
        const place = row * width + column;
        weights[place] = Math.max(weights[place]!, weight);
      }
    }
  }
  return weights;
}

/** The points, and those on straight lines between them, one part apart. */
function between(points: readonly Point[]): Point[] {
  return points.flatMap((to, i) => {
    const from = points[i - 1] ?? to;
    const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
    return Array.from({ length: steps }, (_, step) => {
      const share = (step + 1) / steps;
      return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
    });
  });
}
