/** A class that is like no class of vaekit's: four pixels to a latent, six channels, no distribution over latents. */
import { GraphBuilder, type Graph, type Value } from "../../src/graph/index.ts";
import { Encoded, latentsWithoutPosterior, type LatentsOptions } from "../../src/latents/index.ts";
import {
  parametersFrom,
  shapesOfHalves,
  type FindParameter,
  type InputSize,
  type VaeModel,
} from "../../src/models/index.ts";
import { initializeParameter } from "../../src/models/initialize-parameter.ts";
import { conv2d, groupNorm, silu, upsampleConv2d, type ModuleContext } from "../../src/nn/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { toyClassName, toyConfigSchema, type ToyConfig } from "./config.ts";

const spatialFactor = 4;
const groups = 2;

/** What `encode` returns: one code for each picture. */
export class ToyOutput extends Encoded {
  declare readonly code: Tensor<"float32">;

  constructor(fields: { readonly code: Tensor<"float32"> }) {
    super({ ...fields });
  }

  override latents(options?: LatentsOptions): Tensor<"float32"> {
    return latentsWithoutPosterior("ToyOutput", this.code, options);
  }
}

function squeeze(context: ModuleContext, name: string, x: Value, outChannels: number): Value {
  return context.builder.scope(name, () => {
    const options = { outChannels, kernelSize: 3, stride: 2, pads: [0, 0, 1, 1] } as const;
    const h = conv2d(context, `${name}.conv`, x, options);
    return silu(context.builder, groupNorm(context, `${name}.norm`, h, groups));
  });
}

function encoder(config: ToyConfig, { batch, height, width }: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("encoder");
  const context = { builder, parameter: parametersFrom(builder, find) };
  const x = builder.input("picture", "float32", [batch, config.pictureChannels, height, width]);
  const half = squeeze(context, "squeeze.0", x, config.width);
  const quarter = squeeze(context, "squeeze.1", half, config.width);
  return builder.build({
    code: conv2d(context, "to_code", quarter, { outChannels: config.codeChannels, kernelSize: 3 }),
  });
}

function decoder(config: ToyConfig, { batch, height, width }: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("decoder");
  const context = { builder, parameter: parametersFrom(builder, find) };
  const code = builder.input("code", "float32", [batch, config.codeChannels, height, width]);
  let h = conv2d(context, "from_code", code, { outChannels: config.width, kernelSize: 3 });
  for (const name of ["grow.0", "grow.1"]) {
    h = builder.scope(name, () => {
      const normalized = silu(builder, groupNorm(context, `${name}.norm`, h, groups));
      return upsampleConv2d(context, `${name}.conv`, normalized);
    });
  }
  const picture = conv2d(context, "to_picture", h, { outChannels: config.pictureChannels, kernelSize: 3 });
  return builder.build({ picture: builder.apply("Tanh", [picture], {}) });
}

export const toyModel: VaeModel<ToyConfig, ToyOutput> = {
  className: toyClassName,
  config: toyConfigSchema,
  facts: ({ pictureChannels, codeChannels }) => ({
    inChannels: pictureChannels,
    outChannels: pictureChannels,
    latentChannels: codeChannels,
    spatialFactor,
    sizes: "refused",
    layout: "planes",
    pixelRange: "signed",
    tiles: undefined,
  }),
  parameterShapes: (config, half) => {
    const size = { batch: 1, height: spatialFactor, width: spatialFactor };
    return shapesOfHalves(
      {
        encoder: (find) => encoder(config, size, find),
        decoder: (find) => decoder(config, size, find),
      },
      half,
    );
  },
  encoder,
  decoder,
  encoded: (code) => new ToyOutput({ code }),
  scaling: ({ codeChannels, codeCentre, codeSpread }) => ({
    kind: "meanStd",
    latentChannels: codeChannels,
    mean: codeCentre,
    std: codeSpread,
  }),
  initialize: (config, generator) => {
    const shapes = toyModel.parameterShapes(config);
    return new Map([...shapes.keys()].map((name) => [name, initializeParameter(name, shapes, generator)]));
  },
};
