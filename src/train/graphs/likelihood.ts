/** The likelihood of pictures under a trained model, by importance sampling: one part of the samples as one graph. */
import { InternalError } from "../../errors.ts";
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import {
  logImportanceWeights,
  logLikelihood,
  logSumOfWeights,
  reconstructionError,
  samplePosterior,
  type PictureLikelihood,
} from "../losses/index.ts";
import { hasPosterior, type PosteriorNetwork, type VaeNetwork } from "../vae-network.ts";
import { GraphParameters } from "./context.ts";
import type { ReconstructionOptions } from "./reconstruction.ts";

type TrainedOptions = Omit<ReconstructionOptions, "givesLogits">;

/**
 * Inputs: sample [N, ...], noise [N · k, L, ...]. Output: log_sum [N], the log of the sum of k importance weights.
 *
 * @param options.sampleCount k.
 * @param options.likelihood p(x|z); left out where the decoder gives logits.
 */
export function buildLogWeightSum(
  options: TrainedOptions & {
    readonly sampleCount: number;
    readonly likelihood: PictureLikelihood | undefined;
  },
): Graph {
  const { sampleShape, sampleCount, likelihood } = options;
  const network = withPosterior(options.network);
  const builder = new GraphBuilder("log_weight_sum");
  const context = contextOf(builder, options);
  const x = builder.input("sample", "float32", sampleShape);
  const noise = builder.input("noise", "float32", likelihoodNoiseShape(network, sampleShape, sampleCount));
  const { logWeights } = logImportanceWeights(builder, {
    x,
    posterior: network.posterior(context, x),
    noise,
    logLikelihood: (z, pictures) =>
      logLikelihood(builder, likelihood, network.decode(context, z), pictures).value,
  });
  return builder.build({ log_sum: logSumOfWeights(builder, logWeights) });
}

/** Inputs: sample [N, ...], noise [N, L, ...]. Output: errors [N], (x - μ)² of a sample of the posterior, summed over each picture. */
export function buildSquaredErrors(options: TrainedOptions): Graph {
  const { sampleShape } = options;
  const network = withPosterior(options.network);
  const builder = new GraphBuilder("squared_errors");
  const context = contextOf(builder, options);
  const x = builder.input("sample", "float32", sampleShape);
  const noise = builder.input("noise", "float32", network.latentShape(sampleShape));
  const z = samplePosterior(builder, network.posterior(context, x), noise);
  return builder.build({ errors: reconstructionError(builder, "mse", network.decode(context, z).mean, x) });
}

function withPosterior(network: VaeNetwork): PosteriorNetwork {
  if (!hasPosterior(network)) throw new InternalError("a likelihood of a model without a posterior");
  return network;
}

function contextOf(
  builder: GraphBuilder,
  { layout, stateName, frozen }: TrainedOptions,
): GraphParameters["context"] {
  return { ...new GraphParameters(builder, layout, stateName, frozen).context, isTraining: false };
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
