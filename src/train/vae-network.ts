/** What the training graphs are built from: a VAE as two functions on a graph. */
import type { Value } from "../graph/index.ts";
import {
  decode,
  encode,
  mlpDecoder,
  mlpEncoder,
  mlpVaeShapes,
  parameterShapes,
  spatialFactor,
  type AutoencoderKLConfig,
  type MlpVaeConfig,
} from "../models/index.ts";
import type { ModuleContext } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { splitMoments, type Posterior } from "./losses/index.ts";

export interface VaeNetwork {
  /** Name and shape of every parameter. */
  readonly parameterShapes: ReadonlyMap<string, Shape>;
  /** The shape of the latents of a batch of this shape. */
  latentShape(sample: Shape): Shape;
  /** sample [N, ...] → mean and log-variance of q(z|x). */
  posterior(context: ModuleContext, sample: Value): Posterior;
  /** z → the reconstruction of the sample's shape; its logits, for a model of Bernoulli pixels. */
  decode(context: ModuleContext, z: Value): Value;
  /** The weight at which the adversarial loss is balanced; undefined where there is no such layer. */
  readonly lastLayer: string | undefined;
}

/** diffusers' AutoencoderKL. Samples [N, C, H, W] in [-1, 1]. */
export function autoencoderKLNetwork(config: AutoencoderKLConfig): VaeNetwork {
  const factor = spatialFactor(config);
  return {
    parameterShapes: parameterShapes(config),
    latentShape: ([batch, , height, width]) => [
      batch!,
      config.latentChannels,
      height! / factor,
      width! / factor,
    ],
    posterior: (context, sample) => splitMoments(context.builder, encode({ ...context, config }, sample)),
    decode: (context, z) => decode({ ...context, config }, z),
    lastLayer: "decoder.conv_out.weight",
  };
}

/** The textbook VAE. Samples [N, D] in [0, 1]; `decode` gives logits. */
export function mlpNetwork(config: MlpVaeConfig): VaeNetwork {
  return {
    parameterShapes: mlpVaeShapes(config),
    latentShape: ([batch]) => [batch!, config.latentSize],
    posterior: (context, sample) => mlpEncoder(context, config, sample),
    decode: (context, z) => mlpDecoder(context, config, z),
    lastLayer: undefined,
  };
}
