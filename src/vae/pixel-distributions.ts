/** p(x|z) of latents: what a decoder of distributions gives, as distributions. */
import { PixelDistribution } from "../latents/pixel-distribution.ts";
import { hasScale, levelWidth, lowestLevel, type PixelRange } from "../latents/pixel-likelihood.ts";
import type { ModelFacts } from "../models/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { PixelDecoder } from "./pixel-decoder.ts";

type Floats = Tensor<"float32">;

/** What a decoder of distributions gave, as distributions. */
export function distributionOf(
  output: Floats,
  { pixels }: Pick<PixelDecoder, "pixels">,
  { pixelRange: range }: Pick<ModelFacts, "pixelRange">,
): PixelDistribution {
  if (pixels === "bernoulli") {
    return new PixelDistribution({ distribution: pixels, mean: output, scale: null, range, levels: 2 });
  }
  if (!hasScale(pixels)) return categoricalOf(output, pixels.levels, range);
  const [mean, scale] = halvesOf(output);
  const { distribution, levels } = pixels;
  return new PixelDistribution({ distribution, mean, scale, range, levels });
}

/** @param output of rows, [N, D · levels]. */
function categoricalOf({ data, shape }: Floats, levels: number, range: PixelRange): PixelDistribution {
  const [batch, numbers] = shape as [number, number];
  const mean = new Float32Array(data.length / levels);
  data.forEach((log, i) => {
    mean[Math.floor(i / levels)]! +=
      Math.exp(log) * (lowestLevel(range) + (i % levels) * levelWidth(levels, range));
  });
  return new PixelDistribution({
    distribution: "categorical",
    mean: Tensor.from(mean, [batch, numbers / levels]),
    scale: null,
    logProbabilities: Tensor.from(data, [batch, numbers / levels, levels]),
    range,
    levels,
  });
}

/** [N, 2C, …] → the first and the last C channels. */
function halvesOf({ data, shape }: Floats): readonly [Floats, Floats] {
  const [batch, channels, ...sides] = shape as [number, number, ...number[]];
  const size = data.length / batch / 2;
  const half = (which: 0 | 1): Floats => {
    const out = new Float32Array(batch * size);
    for (let n = 0; n < batch; n++) {
      const start = (2 * n + which) * size;
      out.set(data.subarray(start, start + size), n * size);
    }
    return Tensor.from(out, [batch, channels / 2, ...sides]);
  };
  return [half(0), half(1)];
}
