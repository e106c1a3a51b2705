/** What the three classes are, given the keys of each. */
import { DiagonalGaussianDistribution } from "../../latents/diagonal-gaussian-distribution.ts";
import { AutoencoderKLOutput } from "../../latents/outputs.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import { sameShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { initializeParameter } from "../initialize-parameter.ts";
import type { CheckpointTolerance, VaeModel } from "../model.ts";
import { factsOf, type Architecture } from "./architecture.ts";
import { schemaOf, type WanClass } from "./config.ts";
import { buildDecoder, buildEncoder, buildTileDecoder, parameterShapes } from "./graph.ts";
import type { WanBlocksConfig } from "./keys.ts";
import { wanNames } from "./names.ts";
import { clamped, withoutPatches } from "./tile-decoder.ts";

export function wanModel<Config extends WanBlocksConfig>(
  wanClass: WanClass<Config>,
): VaeModel<Config, AutoencoderKLOutput> {
  const { table, architectureOf, clampsTiles = true } = wanClass;
  const [className, ...aliases] = table.classNames;
  return {
    className,
    aliases,
    config: schemaOf(wanClass),
    facts: (config) => factsOf(architectureOf(config)),
    parameterShapes: (config, half) => parameterShapes(architectureOf(config), half),
    tolerance,
    encoder: (config, size, find) => buildEncoder(architectureOf(config), size, find),
    decoder: (config, size, find) => buildDecoder(architectureOf(config), size, find),
    tileDecoder: {
      graph: (config, size, find) => buildTileDecoder(architectureOf(config), size, find),
      finished: (joined, config) => {
        const pixels = withoutPatches(joined, architectureOf(config).patchSize);
        return clampsTiles ? clamped(pixels) : pixels;
      },
    },
    encoded: (moments) => new AutoencoderKLOutput({ latentDist: new DiagonalGaussianDistribution(moments) }),
    scaling: ({ zDim, latentsMean, latentsStd }) => ({
      kind: "meanStd",
      latentChannels: zDim,
      mean: latentsMean,
      std: latentsStd,
    }),
    initialize: (config, generator) => initialize(architectureOf(config), generator),
    names: wanNames,
    alone: async () => {
      const { configFromTensors, isWanNetwork } = await import("./config-from-tensors.ts");
      return {
        recognizes: (tensors) => isWanNetwork(tensors) && wanClass.recognizes(tensors),
        infer: (tensors, given, subject) => configFromTensors(tensors, given, { wanClass, subject }),
      };
    },
  };
}

/** Files of some who made the kernels two-dimensional: without the axis of time, and without what works along it. */
const tolerance: CheckpointTolerance = {
  mayLack: (name) => name.includes(".time_conv."),
  alsoFits: (found, expected) => sameShape(found, expected.toSpliced(2, 1)),
};

/** As PyTorch draws them: the same generator and seed give diffusers' bits. */
function initialize(architecture: Architecture, generator: BaseGenerator): Map<string, Tensor<"float32">> {
  const shapes = parameterShapes(architecture);
  const drawn = [...shapes].map(([name, shape]): [string, Tensor<"float32">] => {
    if (!name.endsWith(".gamma")) return [name, initializeParameter(name, shapes, generator)];
    return [name, Tensor.from(new Float32Array(sizeOf(shape)).fill(1), shape)];
  });
  return new Map(drawn);
}
