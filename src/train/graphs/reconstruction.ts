/** What a trained model makes of a picture, for validation: straight from the vector of its parameters. */
import { GraphBuilder, type Graph, type Value } from "../../graph/index.ts";
import type { FindParameter } from "../../models/index.ts";
import type { ModuleContext } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { ParameterLayout } from "../parameter-layout.ts";
import { quantizeLatents, straightThrough } from "../codebook/quantize.ts";
import { hasCodebook, hasPosterior, type VaeNetwork } from "../vae-network.ts";
import { GraphParameters } from "./context.ts";
import { neededTeacher, normalizedTeacherMean, type TeacherOptions } from "./teacher.ts";

export interface ReconstructionOptions {
  readonly network: VaeNetwork;
  readonly layout: ParameterLayout;
  readonly frozen: FindParameter;
  /** What a small model learns from. */
  readonly teacher?: TeacherOptions;
  /** The state's tensor that holds the parameters: the raw ones or their average. */
  readonly stateName: string;
  readonly sampleShape: Shape;
  /** The decoder gives logits of Bernoulli pixels. */
  readonly givesLogits: boolean;
}

/**
 * Input: sample. Outputs: latents (the posterior's mode; of a model with a codebook, what is quantised; of one that learns
 * from a teacher, the teacher's), reconstruction, and of a model with a codebook row_uses, how often each row was used.
 */
export function buildReconstruction(options: ReconstructionOptions): Graph {
  const { network, layout, frozen, stateName, sampleShape, givesLogits } = options;
  const builder = new GraphBuilder("reconstruction");
  const { context } = new GraphParameters(builder, layout, stateName, frozen);
  const plain = { ...context, isTraining: false };
  const sample = builder.input("sample", "float32", sampleShape);
  const latents = latentsOf(plain, options, sample);
  const { decoded, uses } = decodeLatents(plain, network, latents);
  const reconstruction = givesLogits ? builder.apply("Sigmoid", [decoded], {}) : decoded;
  return builder.build({ latents, reconstruction, ...uses });
}

function latentsOf(
  context: ModuleContext,
  { network, teacher }: Pick<ReconstructionOptions, "network" | "teacher">,
  sample: Value,
): Value {
  if (hasCodebook(network)) return network.encode(context, sample);
  if (hasPosterior(network)) return network.posterior(context, sample).mean;
  return normalizedTeacherMean(context.builder, neededTeacher(teacher), sample);
}

/** Of a model with a codebook, the rows nearest to the latents are decoded; `uses` says how often each was. */
function decodeLatents(
  context: ModuleContext,
  network: VaeNetwork,
  latents: Value,
): { decoded: Value; uses: { row_uses?: Value } } {
  if (hasPosterior(network)) return { decoded: network.decode(context, latents).mean, uses: {} };
  if (!hasCodebook(network)) return { decoded: network.decode(context, latents), uses: {} };
  const { builder } = context;
  const rows = context.parameter(network.codebook.name, network.codebook.shape);
  const quantized = quantizeLatents(builder, latents, rows);
  const decoded = network.decode(context, straightThrough(builder, latents, quantized));
  return { decoded, uses: { row_uses: quantized.counts } };
}

/** Input: latents. Output: reconstruction; for samples of the prior and interpolations. */
export function buildDecoding(
  options: Omit<ReconstructionOptions, "sampleShape"> & { latentShape: Shape },
): Graph {
  const { network, layout, frozen, stateName, latentShape, givesLogits } = options;
  const builder = new GraphBuilder("decoding");
  const { context } = new GraphParameters(builder, layout, stateName, frozen);
  const latents = builder.input("latents", "float32", latentShape);
  const { decoded } = decodeLatents({ ...context, isTraining: false }, network, latents);
  return builder.build({
    reconstruction: givesLogits ? builder.apply("Sigmoid", [decoded], {}) : decoded,
  });
}
