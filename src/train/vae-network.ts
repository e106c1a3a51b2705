/** What the training graphs are built from: an autoencoder as functions on a graph. */
import type { Value } from "../graph/index.ts";
import type { Decoded } from "../models/index.ts";
import type { ModuleContext } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Codebook } from "./codebook/codebook.ts";
import type { Posterior } from "./losses/index.ts";

interface Network {
  /** Name and shape of every parameter. */
  readonly parameterShapes: ReadonlyMap<string, Shape>;
  /** The shape of the latents of a batch of this shape. */
  latentShape(sample: Shape): Shape;
  /** The weight at which the adversarial loss is balanced; undefined where there is no such layer. */
  readonly lastLayer: string | undefined;
}

/** Its latents are drawn. */
export interface PosteriorNetwork extends Network {
  /** sample [N, ...] → mean and log-variance of q(z|x). */
  posterior(context: ModuleContext, sample: Value): Posterior;
  /** z → the reconstruction of the sample's shape (its logits, for a model of Bernoulli pixels), and its scale where one is learned. */
  decode(context: ModuleContext, z: Value): Decoded;
}

/** Its latents are rows of a codebook, which is one of its parameters. */
export interface CodebookNetwork extends Network {
  /** sample [N, C, H, W] → latents [N, E, h, w], not quantised. */
  encode(context: ModuleContext, sample: Value): Value;
  /** z → the reconstruction of the sample's shape. */
  decode(context: ModuleContext, z: Value): Value;
  readonly codebook: Codebook;
}

/** Its encoder learns a teacher's latents, its decoder pictures from them: neither learns from the other. */
export interface DistilledNetwork extends Network {
  /** sample [N, C, H, W] → latents [N, L, h, w] as a diffusion model sees them; undefined of a decoder alone. */
  readonly encode: ((context: ModuleContext, sample: Value) => Value) | undefined;
  /** Such latents → the reconstruction of the sample's shape. */
  decode(context: ModuleContext, z: Value): Value;
}

export type VaeNetwork = PosteriorNetwork | CodebookNetwork | DistilledNetwork;

/** Whether its latents are drawn. */
export const hasPosterior = (network: VaeNetwork): network is PosteriorNetwork => "posterior" in network;

/** Whether it learns from a teacher. */
export const isDistilled = (network: VaeNetwork): network is DistilledNetwork =>
  !hasPosterior(network) && !hasCodebook(network);

/** Whether it has a codebook. */
export const hasCodebook = (network: VaeNetwork): network is CodebookNetwork => "codebook" in network;
