/** AutoencoderDC, as one class among others. */
import { EncoderOutput } from "../../latents/encoder-output.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import { sizeOf, type Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { initializeParameter } from "../initialize-parameter.ts";
import type { BufferFacts, VaeModel } from "../model.ts";
import { dcFacts, dcSchema } from "./config.ts";
import { buildDCDecoder, buildDCEncoder, dcParameterShapes } from "./graph.ts";
import type { AutoencoderDCConfig } from "./keys.ts";
import { dcNames } from "./names.ts";

/** The deep compression autoencoder of Sana. */
export const autoencoderDC: VaeModel<AutoencoderDCConfig, EncoderOutput> = {
  className: "AutoencoderDC",
  config: dcSchema,
  facts: dcFacts,
  parameterShapes: dcParameterShapes,
  encoder: buildDCEncoder,
  decoder: buildDCDecoder,
  encoded: (latent) => new EncoderOutput({ latent }),
  buffers: batchCounts,
  scaling: ({ latentChannels, scalingFactor }) => ({
    kind: "factor",
    latentChannels,
    scalingFactor,
    shiftFactor: 0,
  }),
  initialize: (config, generator) => {
    const shapes = dcParameterShapes(config);
    return new Map([...shapes.keys()].map((name) => [name, fresh(name, shapes, generator)]));
  },
  names: dcNames,
  alone: async () => {
    const { areDCTensors, dcConfigFromTensors } = await import("./config-from-tensors.ts");
    return { recognizes: areDCTensors, infer: dcConfigFromTensors };
  },
};

const statistics = /\.running_(mean|var)$/;

/** How many batches a normalisation has seen: PyTorch writes it beside the statistics, and no result depends on it. */
function batchCounts(config: AutoencoderDCConfig): Map<string, BufferFacts> {
  const normalisations = [...dcParameterShapes(config).keys()].filter((name) =>
    name.endsWith(".running_var"),
  );
  return new Map(
    normalisations.map((name) => [
      name.replace(statistics, ".num_batches_tracked"),
      { fresh: Tensor.zeros([], "int64"), isOptional: true },
    ]),
  );
}

function fresh(
  name: string,
  shapes: ReadonlyMap<string, Shape>,
  generator: BaseGenerator,
): Tensor<"float32"> {
  const [, statistic] = statistics.exec(name) ?? [];
  if (statistic === undefined) return initializeParameter(name, shapes, generator);
  const shape = shapes.get(name)!;
  return Tensor.from(new Float32Array(sizeOf(shape)).fill(statistic === "var" ? 1 : 0), shape);
}
