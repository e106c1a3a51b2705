/** The second half of a step: from a gradient to new parameters, moments and averages. */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { nextOf } from "../../runtime/index.ts";
import { scalar } from "../losses/arithmetic.ts";
import { adam, clipFactor, euclideanNorm, movingAverage, type AdamOptions } from "../optimizer.ts";
import type { ParameterLayout } from "../parameter-layout.ts";
import { scalarInput } from "./context.ts";

export interface OptimizerOptions extends AdamOptions {
  /** Gradients are scaled down to this global norm; null: never. */
  readonly clipNorm: number | null;
}

export interface UpdateOptions {
  readonly optimizer: OptimizerOptions;
  /** How many batches make a step; their gradients are averaged. */
  readonly accumulate: number;
  readonly hasAverage: boolean;
  /** In front of the names of the state's tensors and of the scalars: "discriminator." */
  readonly prefix: string;
}

/** What the state holds for one network, by role. */
export const stateNames = (prefix: string) =>
  ({
    parameters: `${prefix}parameters`,
    firstMoment: `${prefix}first_moment`,
    secondMoment: `${prefix}second_moment`,
    average: `${prefix}ema`,
    gradientSum: `${prefix}gradient_sum`,
    statistics: `${prefix}statistics`,
  }) as const;

type Outputs = Record<string, Value>;

/** Adds the batch's share to the sum of gradients in the state: a batch that is not the step's last. */
export function accumulateGradient(
  builder: GraphBuilder,
  layout: ParameterLayout,
  gradient: readonly Value[],
  options: UpdateOptions,
): Outputs {
  const sums = withAccumulated(builder, layout, gradient, options);
  return replacing(layout, stateNames(options.prefix).gradientSum, sums);
}

/** Vectors by their pieces. */
export interface UpdateInputs {
  readonly parameters: readonly Value[];
  /** Of the batch. */
  readonly gradient: readonly Value[];
  /** What becomes of the parameters that the optimizer does not move, by name. */
  readonly moved?: ReadonlyMap<string, Value>;
}

/**
 * Clips the gradient (with what was accumulated before), and applies Adam and the moving average.
 *
 * @returns the state's new tensors and `gradient_norm`, the norm before clipping.
 */
export function update(
  builder: GraphBuilder,
  layout: ParameterLayout,
  { parameters, gradient, moved }: UpdateInputs,
  options: UpdateOptions,
): Outputs {
  const { optimizer, accumulate, hasAverage, prefix } = options;
  const names = stateNames(prefix);
  const given = (name: string): Value => scalarInput(builder, `${prefix}${name}`);

  const total = accumulate === 1 ? gradient : withAccumulated(builder, layout, gradient, options);
  const norm = euclideanNorm(builder, total);
  const factor = optimizer.clipNorm === null ? undefined : clipFactor(builder, norm, optimizer.clipNorm);
  const scalars = {
    learningRate: given("learning_rate"),
    stepSize: given("step_size"),
    secondCorrection: given("second_correction"),
  };
  const firstMoments = layout.inputs(builder, names.firstMoment);
  const secondMoments = layout.inputs(builder, names.secondMoment);
  const next = parameters.map((weights, index) => {
    const direction =
      factor === undefined ? total[index]! : builder.apply("Mul", [total[index]!, factor], {});
    const state = {
      parameters: weights,
      firstMoment: firstMoments[index]!,
      secondMoment: secondMoments[index]!,
    };
    return adam(builder, state, direction, scalars, optimizer);
  });
  const nextParameters = layout.withValues(
    builder,
    next.map((state) => state.parameters),
    moved ?? new Map(),
  );
  const outputs: Outputs = {
    [`${prefix}gradient_norm`]: norm,
    ...replacing(layout, names.parameters, nextParameters),
    ...replacing(
      layout,
      names.firstMoment,
      next.map((state) => state.firstMoment),
    ),
    ...replacing(
      layout,
      names.secondMoment,
      next.map((state) => state.secondMoment),
    ),
  };
  if (hasAverage) {
    const rate = given("ema_rate");
    const averages = layout
      .inputs(builder, names.average)
      .map((average, index) => movingAverage(builder, average, nextParameters[index]!, rate));
    Object.assign(outputs, replacing(layout, names.average, averages));
  }
  if (accumulate > 1) {
    const none = gradient.map((piece) => builder.apply("Mul", [piece, scalar(builder, 0)], {}));
    Object.assign(outputs, replacing(layout, names.gradientSum, none));
  }
  return outputs;
}

/** The pieces that take the place of those of the state's vector `name`. */
function replacing(layout: ParameterLayout, name: string, pieces: readonly Value[]): Outputs {
  return Object.fromEntries(layout.pieceNames(name).map((piece, index) => [nextOf(piece), pieces[index]!]));
}

function withAccumulated(
  builder: GraphBuilder,
  layout: ParameterLayout,
  gradient: readonly Value[],
  { prefix, accumulate }: UpdateOptions,
): Value[] {
  const share = scalar(builder, 1 / accumulate);
  return layout
    .inputs(builder, stateNames(prefix).gradientSum)
    .map((sum, index) =>
      builder.apply("Add", [sum, builder.apply("Mul", [gradient[index]!, share], {})], {}),
    );
}
