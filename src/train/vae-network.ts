/** What the training graphs are built from: a VAE as two functions on a graph. */
import type { Value } from "../graph/index.ts";
import type { ModuleContext } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Posterior } from "./losses/index.ts";

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
