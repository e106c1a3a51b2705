/** Group normalisation for training: few operators, and a gradient that is known as a whole. */
import type { KnownGradient, Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ModuleContext } from "./context.ts";

/**
 * Group normalisation as one factor and one summand for each channel of each example, from the means of x and x² over
 * the pixels. Sums over the channels of a group are 1x1 convolutions, whose results stand beside every channel.
 *
 * @param x [N, C, H, W] → the same shape
 */
export function groupNormByMoments(
  context: ModuleContext,
  name: string,
  x: Value,
  groups: number,
  epsilon: number,
): Value {
  const { builder } = context;
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const op = (operator: "Add" | "Sub" | "Mul" | "Div", a: Value, b: Value): Value =>
    builder.apply(operator, [a, b], {});
  const perGroup = channels / groups;
  /** [N, C, 1, 1] → the same shape: `factor` times the sum over a channel's group. */
  const groupSum = (value: Value, factor: number): Value => {
    const name = `sums_of_${perGroup}_in_${channels}_times_${factor}`;
    const kernel = builder.constant(name, blockMatrix(channels, perGroup, factor));
    return builder.apply("Conv", [value, kernel], { strides: [1, 1], pads: [0, 0, 0, 0] });
  };
  const pixelMean = (value: Value): Value =>
    builder.apply("ReduceMean", [value], { axes: [2, 3], keepdims: true }); // [N, C, 1, 1]

  const weight = context.parameter(`${name}.weight`, [channels]);
  const bias = context.parameter(`${name}.bias`, [channels]);
  const beside = (value: Value): Value => builder.apply("Reshape", [value], { shape: [channels, 1, 1] });
  const average = groupSum(pixelMean(x), 1 / perGroup);
  const square = groupSum(pixelMean(op("Mul", x, x)), 1 / perGroup);
  // Rounding may leave a constant group a variance just below zero.
  const positive = builder.apply("Clip", [op("Sub", square, op("Mul", average, average))], { min: 0 });
  const constant = builder.constant(`float32(${epsilon})`, Tensor.from(Float32Array.of(epsilon), []));
  const variance = op("Add", positive, constant);
  const deviation = builder.apply("Sqrt", [variance], {});
  const factor = op("Div", beside(weight), deviation); // [N, C, 1, 1]
  const output = op("Add", op("Mul", x, factor), op("Sub", beside(bias), op("Mul", average, factor)));

  // dx = factor · dy + p · x + q, where p and q are one number for each group.
  const rule: KnownGradient["rule"] = (dy, wants, at) => {
    const [input, mean, factors, squaredDeviation] = [x, average, factor, variance].map(at) as Quad;
    const overPixels = (value: Value): Value =>
      builder.apply("ReduceSum", [value], { axes: [2, 3], keepdims: true });
    const overBatch = (value: Value): Value =>
      builder.apply("ReduceSum", [value], { axes: [0, 2, 3], keepdims: false }); // [C]
    const slope = overPixels(dy);
    const centered = op("Sub", overPixels(op("Mul", dy, input)), op("Mul", mean, slope)); // Σ dy · (x - mean)
    const toInput = (): Value => {
      const share = -1 / (perGroup * height * width);
      const p = op("Div", groupSum(op("Mul", factors, centered), share), squaredDeviation);
      const q = op("Sub", groupSum(op("Mul", factors, slope), share), op("Mul", mean, p));
      return op("Add", op("Mul", dy, factors), op("Add", op("Mul", input, p), q));
    };
    return [
      wants(0) ? toInput() : undefined,
      wants(1) ? overBatch(op("Div", centered, at(deviation))) : undefined,
      wants(2) ? overBatch(slope) : undefined,
    ];
  };
  builder.knowGradient({ inputs: [x, weight, bias], output, rule });
  return output;
}

type Quad = [Value, Value, Value, Value];

/** [C, C, 1, 1]: `value` where the row's channel and the column's are of one group of `size`, zero elsewhere. */
function blockMatrix(channels: number, size: number, value: number): Tensor<"float32"> {
  const group = (channel: number): number => Math.floor(channel / size);
  const data = new Float32Array(channels ** 2).map((_, index) =>
    group(Math.floor(index / channels)) === group(index % channels) ? value : 0,
  );
  return Tensor.from(data, [channels, channels, 1, 1]);
}
