/**
 * PatchGAN: a convolutional network that judges overlapping patches of a picture, one logit for each patch.
 * Parameter names are those of taming-transformers' `NLayerDiscriminator` (`main.0.weight`, …).
 *
 * @see Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial Networks
 * @see CompVis/taming-transformers, taming/modules/discriminator/model.py
 */
import { VaekitError } from "../errors.ts";
import { GraphBuilder, type Value } from "../graph/index.ts";
import { batchNorm, conv2d, groupNorm, type ModuleContext } from "../nn/index.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { initializeParameter } from "../models/initialize-parameter.ts";

/**
 * How the discriminator normalises its features.
 *
 * | norm    | at batch 1                                                                                |
 * |---------|-------------------------------------------------------------------------------------------|
 * | batch   | poor: each picture is normalised by itself, and real and reconstructed ones then look alike |
 * | group   | works: never looks at the batch                                                            |
 * | none    | works                                                                                      |
 * | actnorm | works: learned scale and shift; set them from a first batch of several pictures            |
 *
 * taming and LDM use "batch" (or "actnorm" on request); "group" and "none" are vaekit's.
 */
export type DiscriminatorNorm = "batch" | "group" | "none" | "actnorm";

export interface PatchDiscriminatorConfig {
  /** Channels of the pictures. */
  readonly inChannels: number;
  /** Channels of the first layer; the next ones have 2, 4 and at most 8 times as many. */
  readonly baseChannels: number;
  /** Layers of stride 2, at least 1. 3 judge patches of 70 x 70 pixels. */
  readonly layerCount: number;
  readonly norm: DiscriminatorNorm;
}

/** taming's and LDM's discriminator. */
export const defaultPatchDiscriminatorConfig: PatchDiscriminatorConfig = {
  inChannels: 3,
  baseChannels: 64,
  layerCount: 3,
  norm: "batch",
};

const negativeSlope = 0.2;
/** PyTorch's GroupNorm epsilon. */
const groupNormEpsilon = 1e-5;
const maxGroups = 32;
/** taming's guard against a constant channel when ActNorm is set from data. */
const actNormEpsilon = 1e-6;

type Normalize = (name: string, x: Value) => Value;

/**
 * The logits of each patch. x [N, C, H, W] in [-1, 1] → [N, 1, h, w], high for real pictures.
 *
 * @throws INVALID_ARGUMENT when the picture is too small for the layers.
 */
export function patchDiscriminator(
  context: ModuleContext,
  config: PatchDiscriminatorConfig,
  x: Value,
): Value {
  return network(context, config, x, (name, h) => normalize(context, config.norm, name, h));
}

/**
 * The values with which taming sets every ActNorm from its first batch: loc = -mean and scale = 1 / (std + 1e-6) of
 * the channel over (N, H, W), layer after layer. Run it once, before training, on real pictures.
 *
 * @returns values [1, C, 1, 1] by parameter name.
 */
export function actNormInitialization(
  context: ModuleContext,
  config: PatchDiscriminatorConfig,
  x: Value,
): Map<string, Value> {
  const parameters = new Map<string, Value>();
  network(context, config, x, (name, h) => {
    const { loc, scale } = statistics(context.builder, h);
    parameters.set(`${name}.loc`, loc).set(`${name}.scale`, scale);
    return shiftAndScale(context.builder, h, loc, scale);
  });
  return parameters;
}

function network(
  context: ModuleContext,
  config: PatchDiscriminatorConfig,
  x: Value,
  normalizeFeatures: Normalize,
): Value {
  const { baseChannels, layerCount, norm } = config;
  checkConfig(config);
  const { builder } = context;
  const activate = (h: Value): Value => builder.apply("LeakyRelu", [h], { alpha: negativeSlope });
  return builder.scope("discriminator", () => {
    let h = conv2d(context, "main.0", x, { outChannels: baseChannels, kernelSize: 4, stride: 2 });
    h = activate(h);
    for (let layer = 1; layer <= layerCount; layer++) {
      // Each hidden layer takes three places of taming's list: convolution, norm, activation.
      const place = 3 * layer - 1;
      const outChannels = baseChannels * Math.min(2 ** layer, 8);
      const stride = layer < layerCount ? 2 : 1;
      // A batch norm would take any bias away again.
      const bias = norm !== "batch";
      h = conv2d(context, `main.${place}`, h, { outChannels, kernelSize: 4, stride, bias });
      h = activate(normalizeFeatures(`main.${place + 1}`, h));
    }
    return conv2d(context, `main.${3 * layerCount + 2}`, h, { outChannels: 1, kernelSize: 4 });
  });
}

function normalize(context: ModuleContext, norm: DiscriminatorNorm, name: string, x: Value): Value {
  const channels = x.shape[1]!;
  switch (norm) {
    case "batch":
      return batchNorm(context, name, x);
    case "group":
      return groupNorm(context, name, x, Math.min(maxGroups, channels), groupNormEpsilon);
    case "none":
      return x;
    case "actnorm": {
      const parameter = (part: string): Value => context.parameter(`${name}.${part}`, [1, channels, 1, 1]);
      return shiftAndScale(context.builder, x, parameter("loc"), parameter("scale"));
    }
  }
}

/** scale · (x + loc). */
function shiftAndScale(builder: GraphBuilder, x: Value, loc: Value, scale: Value): Value {
  return builder.apply("Mul", [scale, builder.apply("Add", [x, loc], {})], {});
}

function statistics(builder: GraphBuilder, x: Value): { loc: Value; scale: Value } {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const count = batch * height * width;
  const constant = (name: string, value: number): Value =>
    builder.constant(name, Tensor.from(Float32Array.of(value), []));
  const loc = builder.apply(
    "Neg",
    [builder.apply("ReduceMean", [x], { axes: [0, 2, 3], keepdims: true })],
    {},
  );
  const centered = builder.apply("Add", [x, loc], {});
  const squares = builder.apply("ReduceSum", [builder.apply("Mul", [centered, centered], {})], {
    axes: [0, 2, 3],
    keepdims: true,
  });
  // The unbiased variance, as torch.std has it.
  const variance = builder.apply("Div", [squares, constant(`actnorm_count_${count}`, count - 1)], {});
  const deviation = builder.apply("Sqrt", [variance], {});
  const floored = builder.apply("Add", [deviation, constant("actnorm_epsilon", actNormEpsilon)], {});
  const ones = builder.constant(
    `actnorm_ones_${channels}`,
    Tensor.from(new Float32Array(channels).fill(1), [1, channels, 1, 1]),
  );
  return { loc, scale: builder.apply("Div", [ones, floored], {}) };
}

function checkConfig({ layerCount, baseChannels, norm }: PatchDiscriminatorConfig): void {
  if (!Number.isInteger(layerCount) || layerCount < 1) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `The discriminator needs a whole number of layers, at least 1, found ${layerCount}.`,
    );
  }
  if (norm === "group" && baseChannels > 16 && (2 * baseChannels) % maxGroups !== 0) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `The discriminator's group norm has ${maxGroups} groups: base channels above 16 must be a multiple of 16, found ${baseChannels}.`,
    );
  }
}

/** Name and shape of every parameter, in the order of construction. */
export function patchDiscriminatorShapes(config: PatchDiscriminatorConfig): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  const builder = new GraphBuilder("discriminator_shapes");
  const parameter: ModuleContext["parameter"] = (name, shape, viewShape = shape) => {
    shapes.set(name, shape);
    return { name, dtype: "float32", shape: viewShape };
  };
  const side = 2 ** (config.layerCount + 2);
  const x = builder.input("x", "float32", [1, config.inChannels, side, side]);
  patchDiscriminator({ builder, parameter }, config, x);
  return shapes;
}

/**
 * Fresh parameters as taming draws them: convolution weights N(0, 0.02), batch norm weights N(1, 0.02) with bias 0,
 * convolution biases as PyTorch's default; group norms weight 1 and bias 0, ActNorm scale 1 and loc 0. With
 * `Generator.torch(seed)` they have the bits of a discriminator made after `torch.manual_seed(seed)`.
 */
export function initializePatchDiscriminator(
  config: PatchDiscriminatorConfig,
  generator: BaseGenerator,
): Map<string, Tensor<"float32">> {
  const shapes = patchDiscriminatorShapes(config);
  const tensors = new Map<string, Tensor<"float32">>();
  for (const [name, shape] of shapes) {
    if (name.endsWith(".loc")) tensors.set(name, Tensor.zeros(shape));
    else if (name.endsWith(".scale")) tensors.set(name, filled(shape, 1));
    else tensors.set(name, initializeParameter(name, shapes, generator));
  }
  // taming draws the weights a second time, after PyTorch's own draws.
  for (const [name, { shape, data }] of tensors) {
    if (!name.endsWith(".weight")) continue;
    if (shape.length === 4) generator.fillNormal(data, 0, 0.02);
    else if (config.norm === "batch") generator.fillNormal(data, 1, 0.02);
  }
  return tensors;
}

function filled(shape: Shape, value: number): Tensor<"float32"> {
  const tensor = Tensor.zeros(shape);
  tensor.data.fill(value);
  return tensor;
}
