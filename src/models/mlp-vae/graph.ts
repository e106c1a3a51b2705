/**
 * The textbook VAE: fully connected layers, and Bernoulli pixels or others. Two models that others have measured come with it.
 *
 * @see Kingma & Welling 2014, Auto-Encoding Variational Bayes
 */
import {
  hasScale,
  levelWidth,
  type CategoricalPixels,
  type PixelLikelihood,
} from "../../latents/pixel-likelihood.ts";
import { GraphBuilder, type Graph, type Value } from "../../graph/index.ts";
import { dense, type ModuleContext } from "../../nn/index.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import { sizeOf, type Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { initializeParameter } from "../initialize-parameter.ts";
import {
  parametersFrom,
  shapesOfHalves,
  type FindParameter,
  type Half,
  type InputSize,
} from "../parameters.ts";
import {
  isScaleParameter,
  meansAndScales,
  scaleLayer,
  sharedScale,
  type Decoded,
} from "../pixel-likelihood.ts";

/**
 * "bernoulli": the decoder gives logits, whose sigmoid is the probability of white; "values": it gives the pixels, and no distribution;
 * or the mean of a distribution with a scale, or the logits of a pixel's levels.
 */
export type MlpPixels = "bernoulli" | "values" | PixelLikelihood;

/** Everything that decides a fully connected VAE of rows. */
export interface MlpVaeConfig {
  /** Values of one picture: 784 for MNIST. */
  readonly inputSize: number;
  /** Sizes of the encoder's hidden layers; the decoder's are the same, backwards. */
  readonly hiddenSizes: readonly number[];
  /** Latent values of one picture. */
  readonly latentSize: number;
  /** After each hidden layer. */
  readonly activation: "relu" | "tanh";
  /** What the encoder's second output is: log σ² or log σ. It changes how fast σ learns, not what can be learned. */
  readonly spread: "logvar" | "logstd";
  /** "torch": PyTorch's Linear layers; "glorot": uniform in ±√(6 / (in + out)) and biases of 0. */
  readonly initialization: "torch" | "glorot";
  /** How pixels are distributed around what the decoder gives. @default "bernoulli" */
  readonly pixels?: MlpPixels;
  /** The layers' names in a checkpoint. */
  readonly names: {
    /** The encoder's hidden layers, in order. */
    readonly encoder: readonly string[];
    /** The layer that gives the means. */
    readonly mean: string;
    /** The layer that gives the spread. */
    readonly spread: string;
    /** The decoder's hidden layers, in order. */
    readonly decoder: readonly string[];
    /** The layer that gives the picture. */
    readonly output: string;
  };
}

/** 784-400-20, ReLU. @see pytorch/examples, vae/main.py */
export const pytorchExamplesMlpVae: MlpVaeConfig = {
  inputSize: 784,
  hiddenSizes: [400],
  latentSize: 20,
  activation: "relu",
  spread: "logvar",
  initialization: "torch",
  names: { encoder: ["fc1"], mean: "fc21", spread: "fc22", decoder: ["fc3"], output: "fc4" },
};

/**
 * 784-200-200-50, tanh: the model with one stochastic layer of the IWAE paper.
 *
 * @see Burda, Grosse & Salakhutdinov 2016, Importance Weighted Autoencoders; yburda/iwae for the details
 */
export const iwaeMlpVae: MlpVaeConfig = {
  inputSize: 784,
  hiddenSizes: [200, 200],
  latentSize: 50,
  activation: "tanh",
  spread: "logstd",
  initialization: "glorot",
  names: {
    encoder: ["encoder.0", "encoder.1"],
    mean: "encoder.mean",
    spread: "encoder.logstd",
    decoder: ["decoder.0", "decoder.1"],
    output: "decoder.output",
  },
};

const activationOperators = { relu: "Relu", tanh: "Tanh" } as const;

function hiddenLayers(
  context: ModuleContext,
  config: MlpVaeConfig,
  x: Value,
  layers: readonly { readonly name: string; readonly size: number }[],
): Value {
  const operator = activationOperators[config.activation];
  return layers.reduce(
    (h, { name, size }) => context.builder.apply(operator, [dense(context, name, h, size)], {}),
    x,
  );
}

/**
 * The posterior of each picture. x [N, D] or [N, C, H, W] in [0, 1] → mean and logvar [N, L]. The log-variance is
 * not clipped, as in both models' sources.
 */
export function mlpEncoder(
  context: ModuleContext,
  config: MlpVaeConfig,
  x: Value,
): { readonly mean: Value; readonly logvar: Value } {
  const { builder } = context;
  const { names, hiddenSizes, latentSize } = config;
  return builder.scope("encoder", () => {
    const batch = x.shape[0]!;
    const flat =
      x.shape.length === 2 ? x : builder.apply("Reshape", [x], { shape: [batch, sizeOf(x.shape) / batch] });
    const layers = names.encoder.map((name, i) => ({ name, size: hiddenSizes[i]! }));
    const h = hiddenLayers(context, config, flat, layers);
    const mean = dense(context, names.mean, h, latentSize);
    const spread = dense(context, names.spread, h, latentSize);
    // log σ² = 2 log σ
    const logvar = config.spread === "logvar" ? spread : builder.apply("Add", [spread, spread], {});
    return { mean, logvar };
  });
}

/**
 * z [N, L] → for each pixel its logit or its mean, [N, D], and its scale's u where one is learned, [N, D] or [1]; or the logits of its
 * levels, [N, D, levels].
 */
export function mlpDecoder(context: ModuleContext, config: MlpVaeConfig, z: Value): Decoded {
  const { names, hiddenSizes, inputSize } = config;
  return context.builder.scope("decoder", () => {
    const backwards = [...hiddenSizes].reverse();
    const layers = names.decoder.map((name, i) => ({ name, size: backwards[i]! }));
    const h = hiddenLayers(context, config, z, layers);
    const likelihood = mlpLikelihood(config);
    if (likelihood !== undefined && !hasScale(likelihood)) return levelsOf(context, config, h, likelihood);
    const mean = dense(context, names.output, h, inputSize);
    const kind = likelihood?.scale;
    if (kind === "per_value") return { mean, scale: dense(context, scaleLayer, h, inputSize) };
    return kind === "shared" ? { mean, scale: sharedScale(context) } : { mean };
  });
}

/** The logits of each pixel's levels, those of one pixel together, and the mean of the levels by their probabilities. */
function levelsOf(
  context: ModuleContext,
  { names, inputSize }: MlpVaeConfig,
  h: Value,
  { levels }: CategoricalPixels,
): Decoded {
  const { builder } = context;
  const flat = dense(context, names.output, h, inputSize * levels);
  const shape = [h.shape[0]!, inputSize, levels];
  const levelLogits = builder.apply("Reshape", [flat], { shape });
  const values = Float32Array.from({ length: levels }, (_, level) => level * levelWidth(levels, "unit"));
  const probabilities = builder.apply("Softmax", [levelLogits], { axis: 2 });
  const weighted = builder.apply(
    "Mul",
    [probabilities, builder.constant("levels", Tensor.from(values, [levels]))],
    {},
  );
  const mean = builder.apply("ReduceSum", [weighted], { axes: [2], keepdims: false });
  return { mean, levelLogits };
}

/** The distribution of a model's pixels, where it is one with a scale. */
export function mlpLikelihood({ pixels }: MlpVaeConfig): PixelLikelihood | undefined {
  return typeof pixels === "object" ? pixels : undefined;
}

/** The encoder alone: input sample [N, D] in [0, 1], output latent_parameters [N, 2L]: means and log-variances. */
export function buildMlpEncoder(config: MlpVaeConfig, { batch }: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("encoder");
  const context = { builder, parameter: parametersFrom(builder, find) };
  const x = builder.input("sample", "float32", [batch, config.inputSize]);
  const { mean, logvar } = mlpEncoder(context, config, x);
  return builder.build({ latent_parameters: builder.apply("Concat", [mean, logvar], { axis: 1 }) });
}

/** The decoder alone: input latent_sample [N, L], output sample [N, D]: the probability of each pixel, or its mean. */
export function buildMlpDecoder(config: MlpVaeConfig, size: InputSize, find: FindParameter): Graph {
  const { builder, decoded } = decoding("decoder", config, size, find);
  const { pixels = "bernoulli" } = config;
  const sample = pixels === "bernoulli" ? probabilitiesOf(builder, decoded.mean) : decoded.mean;
  return builder.build({ sample });
}

/**
 * The decoder of a distribution with a scale: input latent_sample [N, L], output sample [N, 2D]: the mean of each value, then the scale
 * of each. Of a categorical one, sample [N, D · levels]: the logarithms of the probabilities. Of Bernoulli pixels, the decoder itself.
 */
export function buildMlpPixelDecoder(config: MlpVaeConfig, size: InputSize, find: FindParameter): Graph {
  const likelihood = mlpLikelihood(config);
  if (likelihood === undefined) return buildMlpDecoder(config, size, find);
  const { builder, decoded } = decoding("pixel_decoder", config, size, find);
  return builder.build({
    sample: hasScale(likelihood)
      ? meansAndScales(builder, likelihood, decoded)
      : logProbabilities(builder, decoded.levelLogits!),
  });
}

/** [N, D, levels] → [N, D · levels] */
function logProbabilities(builder: GraphBuilder, logits: Value): Value {
  const [batch, values, levels] = logits.shape as [number, number, number];
  const whole = builder.apply("ReduceLogSumExp", [logits], { axes: [2], keepdims: true });
  const logs = builder.apply("Sub", [logits, whole], {});
  return builder.apply("Reshape", [logs], { shape: [batch, values * levels] });
}

function decoding(
  name: string,
  config: MlpVaeConfig,
  { batch }: InputSize,
  find: FindParameter,
): { readonly builder: GraphBuilder; readonly decoded: Decoded } {
  const builder = new GraphBuilder(name);
  const context = { builder, parameter: parametersFrom(builder, find) };
  const z = builder.input("latent_sample", "float32", [batch, config.latentSize]);
  return { builder, decoded: mlpDecoder(context, config, z) };
}

function probabilitiesOf(builder: GraphBuilder, logits: Value): Value {
  const probabilities = builder.apply("Sigmoid", [logits], {});
  // Infinite logits would be probabilities of 0 and 1, without a word: 0 times infinity is NaN, which is found.
  const zero = builder.constant("zero", Tensor.zeros([]));
  const zeros = builder.apply("Mul", [logits, zero], {});
  return builder.apply("Add", [probabilities, zeros], {});
}

/** Name and shape of every parameter, in the order of construction: the encoder, mean, spread, the decoder. */
export function mlpVaeShapes(config: MlpVaeConfig, half?: Half): Map<string, Shape> {
  const size = { batch: 1, height: 1, width: 1 };
  return shapesOfHalves(
    {
      encoder: (find) => buildMlpEncoder(config, size, find),
      decoder: (find) => buildMlpPixelDecoder(config, size, find),
    },
    half,
  );
}

/** How far from 0 and 1 a pixel's mean may be when it becomes a bias. */
const meanMargin = 0.001;

/**
 * Fresh parameters, layer after layer, weight before bias. With `Generator.torch(seed)` the "torch" initialisation
 * has the bits of the same layers made after `torch.manual_seed(seed)`.
 *
 * What the scale is computed from is zeros, and takes no draws: each scale begins as `initialScale`.
 *
 * @param options.pixelMeans each pixel's mean over the training pictures, D numbers; the output's bias becomes them, or
 *   for Bernoulli pixels their logit, as in the IWAE paper's code. Left as drawn when not given, and for categorical pixels, which have
 *   no such bias.
 */
export function initializeMlpVae(
  config: MlpVaeConfig,
  generator: BaseGenerator,
  options: { readonly pixelMeans?: ArrayLike<number> } = {},
): Map<string, Tensor<"float32">> {
  const shapes = mlpVaeShapes(config);
  const tensors = new Map<string, Tensor<"float32">>();
  for (const [name, shape] of shapes) {
    const isTorch = config.initialization === "torch";
    if (isScaleParameter(name)) tensors.set(name, Tensor.zeros(shape));
    else tensors.set(name, isTorch ? initializeParameter(name, shapes, generator) : glorot(shape, generator));
  }
  const likelihood = mlpLikelihood(config);
  if (options.pixelMeans !== undefined && (likelihood === undefined || hasScale(likelihood))) {
    const isBernoulli = (config.pixels ?? "bernoulli") === "bernoulli";
    const bias = Float32Array.from(options.pixelMeans, isBernoulli ? logit : (mean) => mean);
    tensors.set(`${config.names.output}.bias`, Tensor.from(bias, [config.inputSize]));
  }
  return tensors;
}

function glorot(shape: Shape, generator: BaseGenerator): Tensor<"float32"> {
  const [outputs, inputs] = shape;
  if (inputs === undefined) return Tensor.zeros(shape);
  const bound = Math.sqrt(6 / (inputs + outputs!));
  return generator.uniform(shape, -bound, bound);
}

function logit(mean: number): number {
  const inside = Math.min(Math.max(mean, meanMargin), 1 - meanMargin);
  return Math.log(inside / (1 - inside));
}
