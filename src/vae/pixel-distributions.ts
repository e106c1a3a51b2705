/** p(x|z) of latents: whose decoder gives it, and its result as distributions. */
import { VaekitError } from "../errors.ts";
import { PixelDistribution } from "../latents/pixel-distribution.ts";
import { hasScale, levelWidth, lowestLevel, type PixelRange } from "../latents/pixel-likelihood.ts";
import type { ModelFacts, VaeModel } from "../models/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { pixelDecoderBeside } from "./likelihood-weights.ts";
import { finderOf, type ModelWeights } from "./model-weights.ts";
import type { PixelDecoder } from "./pixel-decoder.ts";

type Floats = Tensor<"float32">;

/**
 * The decoder of distributions that a class knows of a config, or of a scale beside the weights; undefined where it gives
 * pixels and no distribution of them.
 */
export function pixelDecoderOf<Config extends object>(
  model: Pick<VaeModel<Config>, "decoder" | "likelihood" | "pixelDecoder" | "pixels">,
  config: Config | undefined,
  weights: Pick<ModelWeights, "parameters" | "likelihood">,
): PixelDecoder | undefined {
  if (config === undefined) return undefined;
  const find = finderOf(weights);
  const pixels = model.pixels?.(config);
  if (pixels === undefined) return pixelDecoderBeside(model, config, weights.likelihood, find);
  return { pixels, graph: (size) => (model.pixelDecoder ?? model.decoder)(config, size, find) };
}

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

/** @throws UNSUPPORTED, since nothing says how a model's pixels are distributed. */
export function withoutDistribution(name: string): VaekitError {
  const message = `${name}: the model gives pixels and no distribution of them. Train it with loss.likelihood, or use decode.`;
  return new VaekitError("UNSUPPORTED", message);
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
