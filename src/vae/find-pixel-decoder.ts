/** Which decoder of a model gives p(x|z), where one does. */
import { VaekitError } from "../errors.ts";
import type { VaeModel } from "../models/index.ts";
import { pixelDecoderBeside } from "./likelihood-weights.ts";
import { finderOf, type ModelWeights } from "./model-weights.ts";
import type { PixelDecoder } from "./pixel-decoder.ts";

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

/** @throws UNSUPPORTED, since nothing says how a model's pixels are distributed. */
export function withoutDistribution(name: string): VaekitError {
  const message = `${name}: the model gives pixels and no distribution of them. Train it with loss.likelihood, or use decode.`;
  return new VaekitError("UNSUPPORTED", message);
}
