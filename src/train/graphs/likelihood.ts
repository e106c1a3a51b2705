/** The likelihood of pictures under a trained model, by importance sampling: one part of the samples as one graph. */
import { InternalError } from "../../errors.ts";
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { logImportanceWeights, logSumOfWeights } from "../losses/index.ts";
import { hasCodebook } from "../vae-network.ts";
import { GraphParameters } from "./context.ts";
import type { ReconstructionOptions } from "./reconstruction.ts";

/**
 * Inputs: sample [N, D], noise [N · k, L]. Output: log_sum [N], the log of the sum of k importance weights.
 *
 * @param options.sampleCount k. The decoder must give logits.
 */
export function buildLogWeightSum(
  options: Omit<ReconstructionOptions, "givesLogits"> & { readonly sampleCount: number },
): Graph {
  const { network, layout, frozen, stateName, sampleShape, sampleCount } = options;
  if (hasCodebook(network)) throw new InternalError("a likelihood of a model with a codebook");
  const builder = new GraphBuilder("log_weight_sum");
  const context = { ...new GraphParameters(builder, layout, stateName, frozen).context, isTraining: false };
  const x = builder.input("sample", "float32", sampleShape);
  const noise = builder.input("noise", "float32", likelihoodNoiseShape(network, sampleShape, sampleCount));
  const posterior = network.posterior(context, x);
  const decode = (z: typeof x): typeof x => network.decode(context, z);
  const { logWeights } = logImportanceWeights(builder, { x, posterior, noise, decode });
  return builder.build({ log_sum: logSumOfWeights(builder, logWeights) });
}

/** The noise for `sampleCount` samples of each picture's posterior. */
export function likelihoodNoiseShape(
  network: ReconstructionOptions["network"],
  sampleShape: Shape,
  sampleCount: number,
): Shape {
  const [batch, ...latent] = network.latentShape(sampleShape);
  return [batch! * sampleCount, ...latent];
}
