/** The second half of a step: from a gradient to new parameters, moments and averages. */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { nextOf } from "../../runtime/index.ts";
import { scalar } from "../losses/arithmetic.ts";
import { adam, clipFactor, euclideanNorm, movingAverage, type AdamOptions } from "../optimizer.ts";
import { scalarInput } from "./context.ts";
import { inChunks } from "./in-chunks.ts";

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
  }) as const;

type Outputs = Record<string, Value>;

/** Adds the batch's share to the sum of gradients in the state: a batch that is not the step's last. */
export function accumulateGradient(builder: GraphBuilder, gradient: Value, options: UpdateOptions): Outputs {
  const name = stateNames(options.prefix).gradientSum;
  return { [nextOf(name)]: withAccumulated(builder, gradient, options) };
}

/**
 * Clips the gradient (with what was accumulated before), and applies Adam and the moving average.
 *
 * @param parameters the vector of the parameters, [P].
 * @returns the state's new tensors and `gradient_norm`, the norm before clipping.
 */
export function update(
  builder: GraphBuilder,
  parameters: Value,
  batchGradient: Value,
  options: UpdateOptions,
): Outputs {
  const { optimizer, accumulate, hasAverage, prefix } = options;
  const names = stateNames(prefix);
  const vector = (name: string): Value => builder.input(name, "float32", parameters.shape);
  const given = (name: string): Value => scalarInput(builder, `${prefix}${name}`);

  const total = accumulate === 1 ? batchGradient : withAccumulated(builder, batchGradient, options);
  const norm = euclideanNorm(builder, total);
  const factor = optimizer.clipNorm === null ? undefined : clipFactor(builder, norm, optimizer.clipNorm);
  const scalars = {
    learningRate: given("learning_rate"),
    stepSize: given("step_size"),
    secondCorrection: given("second_correction"),
  };
  const emaRate = hasAverage ? given("ema_rate") : undefined;
  const vectors = [total, parameters, vector(names.firstMoment), vector(names.secondMoment)];
  if (hasAverage) vectors.push(vector(names.average));
  const next = inChunks(builder, vectors, ([gradient, weights, firstMoment, secondMoment, average]) => {
    const direction = factor === undefined ? gradient! : builder.apply("Mul", [gradient!, factor], {});
    const state = { parameters: weights!, firstMoment: firstMoment!, secondMoment: secondMoment! };
    const after = adam(builder, state, direction, scalars, optimizer);
    const moved =
      average === undefined || emaRate === undefined
        ? []
        : [movingAverage(builder, average, after.parameters, emaRate)];
    return [after.parameters, after.firstMoment, after.secondMoment, ...moved];
  });
  const replaced = [names.parameters, names.firstMoment, names.secondMoment, names.average];
  const outputs: Outputs = { [`${prefix}gradient_norm`]: norm };
  next.forEach((value, index) => {
    outputs[nextOf(replaced[index]!)] = value;
  });
  if (accumulate > 1) {
    const sum = names.gradientSum;
    outputs[nextOf(sum)] = builder.apply("Mul", [batchGradient, scalar(builder, 0)], {});
  }
  return outputs;
}

function withAccumulated(
  builder: GraphBuilder,
  gradient: Value,
  { prefix, accumulate }: UpdateOptions,
): Value {
  const sum = builder.input(stateNames(prefix).gradientSum, "float32", gradient.shape);
  const share = scalar(builder, 1 / accumulate);
  return builder.apply("Add", [sum, builder.apply("Mul", [gradient, share], {})], {});
}
