/** Gradients of reductions, softmax and normalisation. */
import type { GraphBuilder, Reduction, Value } from "../../graph/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { add, div, mul, reshape, scalar, scale, sub, sumOver, sumTo } from "../arithmetic.ts";
import type { GradientRule } from "../rule.ts";

/** The gradient with its reduced axes back, of length 1. */
function unreduced(builder: GraphBuilder, dy: Value, x: Value, { axes }: Reduction): Value {
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return reshape(builder, dy, shape);
}

export const reduceSumGradient: GradientRule<"ReduceSum"> = (node, dy, { builder }) => {
  const x = node.inputs[0]!;
  return [unreduced(builder, dy, x, node.attributes)];
};

export const reduceMeanGradient: GradientRule<"ReduceMean"> = (node, dy, { builder }) => {
  const x = node.inputs[0]!;
  const count = sizeOf(x.shape) / sizeOf(dy.shape);
  return [scale(builder, unreduced(builder, dy, x, node.attributes), 1 / count)];
};

/** The softmax of x over the axes. */
export const reduceLogSumExpGradient: GradientRule<"ReduceLogSumExp"> = (node, dy, { builder }) => {
  const x = node.inputs[0]!;
  const logSum = unreduced(builder, node.output, x, node.attributes);
  const weights = builder.apply("Exp", [sub(builder, x, logSum)], {});
  return [mul(builder, weights, unreduced(builder, dy, x, node.attributes))];
};

/** dx = y (dy - Σ dy·y) */
export const softmaxGradient: GradientRule<"Softmax"> = (node, dy, { builder }) => {
  const y = node.output;
  const weighted = mul(builder, dy, y);
  const sum = sumOver(builder, weighted, [node.attributes.axis]);
  return [sub(builder, weighted, mul(builder, y, sum))];
};

/**
 * x [N, C, D], x̂ = (x - mean) · r with r = 1 / √(var + ε):
 * dx = r · scale · (dy - mean(dy) - x̂ · mean(dy · x̂)), d scale = Σ dy · x̂, d bias = Σ dy.
 */
export const instanceNormalizationGradient: GradientRule<"InstanceNormalization"> = (
  node,
  dy,
  { builder, wants },
) => {
  const [x, factor] = node.inputs as [Value, Value];
  const axes = [...x.shape.keys()].slice(2);
  const mean = (value: Value): Value => builder.apply("ReduceMean", [value], { axes, keepdims: true });
  const perChannel = reshape(builder, factor, [factor.shape[0]!, ...axes.map(() => 1)]);

  const centered = sub(builder, x, mean(x));
  const variance = mean(mul(builder, centered, centered));
  const deviation = builder.apply(
    "Sqrt",
    [add(builder, variance, scalar(builder, node.attributes.epsilon, x))],
    {},
  );
  const normalized = div(builder, centered, deviation);
  const weighted = mul(builder, dy, normalized);
  const toInput = (): Value => {
    const projected = add(builder, mul(builder, normalized, mean(weighted)), mean(dy));
    return mul(builder, sub(builder, dy, projected), div(builder, perChannel, deviation));
  };
  const perChannelSum = (value: Value): Value =>
    reshape(builder, sumTo(builder, value, perChannel.shape), factor.shape);
  return [
    wants(0) ? toInput() : undefined,
    wants(1) ? perChannelSum(weighted) : undefined,
    wants(2) ? perChannelSum(dy) : undefined,
  ];
};
