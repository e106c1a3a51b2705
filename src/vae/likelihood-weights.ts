/** The scale of p(x|z) beside a model's weights: found, matched with the model, and as a decoder of distributions. */
import type { FindParameter, ScaledPixels, VaeModel } from "../models/index.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import { matchShapes, type LikelihoodWeights } from "./model-weights.ts";
import type { PixelDecoder } from "./pixel-decoder.ts";

/** What lies in a model's likelihood.safetensors. */
export interface FoundLikelihood {
  /** For messages: the file's path. */
  readonly name: string;
  readonly pixels: ScaledPixels;
  readonly tensors: ReadonlyMap<string, FoundTensor>;
}

/** @throws WEIGHTS_MISMATCH when a tensor is missing or has another shape; INVALID_FILE for a dtype that no weight has. */
export function matchLikelihood<Config extends object>(
  model: Pick<VaeModel<Config>, "likelihood">,
  config: Config,
  found: FoundLikelihood | undefined,
): LikelihoodWeights | undefined {
  if (found === undefined || model.likelihood === undefined) return undefined;
  const { name, pixels, tensors } = found;
  const shapes = model.likelihood.shapes(config, pixels);
  return { pixels, parameters: matchShapes(shapes, tensors, name).parameters };
}

/** The decoder of the distribution. @param find finds the model's own parameters. */
export function pixelDecoderBeside<Config extends object>(
  { likelihood }: Pick<VaeModel<Config>, "likelihood">,
  config: Config,
  weights: LikelihoodWeights | undefined,
  find: FindParameter,
): PixelDecoder | undefined {
  if (likelihood === undefined || weights === undefined) return undefined;
  const { pixels, parameters } = weights;
  const findAny: FindParameter = (name, shape) => parameters.get(name) ?? find(name, shape);
  return { pixels, graph: (size) => likelihood.decoder(config, pixels, size, findAny) };
}
