/**
 * Adam and AdamW as a graph, on vectors that hold all parameters.
 *
 * @see Kingma & Ba 2015 (arXiv 1412.6980), Loshchilov & Hutter 2019 (arXiv 1711.05101)
 * @see torch.optim.adam._single_tensor_adam, whose order of operations is kept
 */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { scalar } from "./losses/arithmetic.ts";

export interface AdamOptions {
  readonly type: "adam" | "adamw";
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** The inputs that change from step to step: scalars, computed in double by `adamScalars`. */
export interface AdamScalars {
  readonly learningRate: Value;
  /** learningRate / (1 - β₁ᵗ) */
  readonly stepSize: Value;
  /** √(1 - β₂ᵗ) */
  readonly secondCorrection: Value;
}

export interface AdamState {
  readonly parameters: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
}

/** The numbers for the input of AdamScalars at update `step`, counted from 1. */
export function adamScalars(
  { betas }: Pick<AdamOptions, "betas">,
  learningRate: number,
  step: number,
): Record<keyof AdamScalars, number> {
  return {
    learningRate,
    stepSize: learningRate / (1 - betas[0] ** step),
    secondCorrection: Math.sqrt(1 - betas[1] ** step),
  };
}

/** One update. All state values and the gradient are [P]. */
export function adam(
  builder: GraphBuilder,
  state: AdamState,
  gradient: Value,
  scalars: AdamScalars,
  options: AdamOptions,
): AdamState {
  const op = (operator: "Add" | "Sub" | "Mul" | "Div", a: Value, b: Value): Value =>
    builder.apply(operator, [a, b], {});
  const number = (value: number): Value => scalar(builder, value);

  const { type, betas, epsilon, weightDecay } = options;
  let { parameters } = state;
  let direction = gradient;
  if (weightDecay !== 0 && type === "adam") {
    direction = op("Add", direction, op("Mul", parameters, number(weightDecay)));
  }
  if (weightDecay !== 0 && type === "adamw") {
    const kept = op("Sub", number(1), op("Mul", scalars.learningRate, number(weightDecay)));
    parameters = op("Mul", parameters, kept);
  }
  // PyTorch writes the first moment as lerp(m, g, 1 - β₁).
  const change = op("Mul", op("Sub", direction, state.firstMoment), number(1 - betas[0]));
  const firstMoment = op("Add", state.firstMoment, change);
  const square = op("Mul", op("Mul", direction, direction), number(1 - betas[1]));
  const secondMoment = op("Add", op("Mul", state.secondMoment, number(betas[1])), square);
  const root = op("Div", builder.apply("Sqrt", [secondMoment], {}), scalars.secondCorrection);
  const update = op("Div", firstMoment, op("Add", root, number(epsilon)));
  return {
    parameters: op("Sub", parameters, op("Mul", update, scalars.stepSize)),
    firstMoment,
    secondMoment,
  };
}

/** What a gradient of norm `norm` is multiplied by so that its norm is at most `maxNorm`. @see torch.nn.utils.clip_grad_norm_ */
export function clipFactor(builder: GraphBuilder, norm: Value, maxNorm: number): Value {
  const number = (value: number): Value => scalar(builder, value);
  const ratio = builder.apply("Div", [number(maxNorm), builder.apply("Add", [norm, number(1e-6)], {})], {});
  return builder.apply("Clip", [ratio], { max: 1 });
}

/** √Σx² over all pieces of a vector, as a scalar. */
export function euclideanNorm(builder: GraphBuilder, pieces: readonly Value[]): Value {
  const sums = pieces.map((piece) => {
    const squares = builder.apply("Mul", [piece, piece], {});
    return builder.apply("ReduceSum", [squares], { axes: [...piece.shape.keys()], keepdims: false });
  });
  const total = sums.reduce((sum, each) => builder.apply("Add", [sum, each], {}));
  return builder.apply("Sqrt", [total], {});
}

/** shadow - (1 - decay) · (shadow - parameters). @see diffusers, EMAModel.step */
export function movingAverage(builder: GraphBuilder, shadow: Value, parameters: Value, rate: Value): Value {
  const difference = builder.apply("Sub", [shadow, parameters], {});
  return builder.apply("Sub", [shadow, builder.apply("Mul", [difference, rate], {})], {});
}
