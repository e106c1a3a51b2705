/** What a trained model makes of a picture, for validation: straight from the vector of its parameters. */
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import type { FindParameter } from "../../models/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { ParameterLayout } from "../parameter-layout.ts";
import type { VaeNetwork } from "../vae-network.ts";
import { GraphParameters } from "./context.ts";

export interface ReconstructionOptions {
  readonly network: VaeNetwork;
  readonly layout: ParameterLayout;
  readonly frozen: FindParameter;
  /** The state's tensor that holds the parameters: the raw ones or their average. */
  readonly stateName: string;
  readonly sampleShape: Shape;
  /** The decoder gives logits of Bernoulli pixels. */
  readonly givesLogits: boolean;
}

/** Input: sample. Outputs: latents (the posterior's mode) and reconstruction. */
export function buildReconstruction(options: ReconstructionOptions): Graph {
  const { network, layout, frozen, stateName, sampleShape, givesLogits } = options;
  const builder = new GraphBuilder("reconstruction");
  const { context } = new GraphParameters(builder, layout, stateName, frozen);
  const plain = { ...context, isTraining: false };
  const { mean } = network.posterior(plain, builder.input("sample", "float32", sampleShape));
  const decoded = network.decode(plain, mean);
  const reconstruction = builder.apply(givesLogits ? "Sigmoid" : "Identity", [decoded], {});
  return builder.build({ latents: builder.apply("Identity", [mean], {}), reconstruction });
}

/** Input: latents. Output: reconstruction; for samples of the prior and interpolations. */
export function buildDecoding(
  options: Omit<ReconstructionOptions, "sampleShape"> & { latentShape: Shape },
): Graph {
  const { network, layout, frozen, stateName, latentShape, givesLogits } = options;
  const builder = new GraphBuilder("decoding");
  const { context } = new GraphParameters(builder, layout, stateName, frozen);
  const decoded = network.decode(
    { ...context, isTraining: false },
    builder.input("latents", "float32", latentShape),
  );
  return builder.build({
    reconstruction: builder.apply(givesLogits ? "Sigmoid" : "Identity", [decoded], {}),
  });
}
