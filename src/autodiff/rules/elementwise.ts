/** Gradients of the operators that work element by element. y is the output, dy its gradient. */
import type { GraphBuilder, NodeOf, OperatorName, Value } from "../../graph/index.ts";
import { add, div, isNotPositive, isPositive, mul, neg, scalar, scale, sub, sumTo } from "../arithmetic.ts";
import type { GradientRule } from "../rule.ts";

/** A rule for y = f(x) from dx = local(x, y, dy). */
function unary<K extends OperatorName>(
  local: (builder: GraphBuilder, x: Value, y: Value, dy: Value, node: NodeOf<K>) => Value,
): GradientRule<K> {
  return (node, dy, { builder }) => [local(builder, node.inputs[0]!, node.output, dy, node)];
}

/** A rule for an operator with two broadcast inputs. */
function binary<K extends "Add" | "Sub" | "Mul" | "Div">(
  left: (builder: GraphBuilder, dy: Value, a: Value, b: Value, y: Value) => Value,
  right: (builder: GraphBuilder, dy: Value, a: Value, b: Value, y: Value) => Value,
): GradientRule<K> {
  return ({ inputs, output }, dy, { builder, wants }) => {
    const [a, b] = inputs as [Value, Value];
    return [
      wants(0) ? sumTo(builder, left(builder, dy, a, b, output), a.shape) : undefined,
      wants(1) ? sumTo(builder, right(builder, dy, a, b, output), b.shape) : undefined,
    ];
  };
}

const same = (_: GraphBuilder, dy: Value): Value => dy;

export const addGradient = binary<"Add">(same, same);
export const subGradient = binary<"Sub">(same, neg);
const productGradient = binary<"Mul">(
  (builder, dy, _a, b) => mul(builder, dy, b),
  (builder, dy, a) => mul(builder, dy, a),
);

export const mulGradient: GradientRule<"Mul"> = (node, dy, context) => {
  const { builder, producerOf, wants } = context;
  const [a, b] = node.inputs as [Value, Value];
  if (a.name === b.name) return [mul(builder, scale(builder, dy, 2), a), undefined];
  const gate = producerOf(b);
  // Not where the gate counts as given (`stopAt`).
  if (gate?.operator === "Sigmoid" && gate.inputs[0]!.name === a.name && wants(1)) {
    return [siluGradient(builder, node.output, b, dy), undefined];
  }
  return productGradient(node, dy, context);
};

/** y = x · σ: dx = dy (σ + y (1 - σ)), a third less work than the product and the sigmoid one by one. */
function siluGradient(builder: GraphBuilder, y: Value, sigmoid: Value, dy: Value): Value {
  const slope = add(builder, sub(builder, y, mul(builder, y, sigmoid)), sigmoid);
  return mul(builder, dy, slope);
}

export const divGradient = binary<"Div">(
  (builder, dy, _a, b) => div(builder, dy, b),
  (builder, dy, _a, b, y) => neg(builder, div(builder, mul(builder, dy, y), b)),
);

export const absGradient = unary<"Abs">((builder, x, _, dy) =>
  mul(builder, dy, builder.apply("Sign", [x], {})),
);

/** Zero outside of the bounds and passing at a bound, as in PyTorch. */
export const clipGradient: GradientRule<"Clip"> = (node, dy, { builder }) => {
  const x = node.inputs[0]!;
  const { min, max } = node.attributes;
  let gradient = dy;
  if (min !== undefined) {
    const below = sub(builder, scalar(builder, min, x), x);
    gradient = mul(builder, gradient, isNotPositive(builder, below));
  }
  if (max !== undefined) {
    const above = sub(builder, x, scalar(builder, max, x));
    gradient = mul(builder, gradient, isNotPositive(builder, above));
  }
  return [gradient];
};

/** d erf / dx = 2 / √π · e^(-x²) */
export const erfGradient = unary<"Erf">((builder, x, _, dy) => {
  const gaussian = builder.apply("Exp", [neg(builder, mul(builder, x, x))], {});
  return mul(builder, dy, scale(builder, gaussian, 2 / Math.sqrt(Math.PI)));
});

export const expGradient = unary<"Exp">((builder, _, y, dy) => mul(builder, dy, y));
export const identityGradient = unary<"Identity">((_builder, _x, _y, dy) => dy);
export const logGradient = unary<"Log">((builder, x, _, dy) => div(builder, dy, x));
export const negGradient = unary<"Neg">((builder, _x, _y, dy) => neg(builder, dy));

/** Zero at zero, as in PyTorch. */
export const reluGradient = unary<"Relu">((builder, _, y, dy) =>
  mul(builder, dy, builder.apply("Sign", [y], {})),
);

/** alpha at zero, as in PyTorch. */
export const leakyReluGradient = unary<"LeakyRelu">((builder, x, _, dy, { attributes: { alpha } }) => {
  const steep = scale(builder, isPositive(builder, x), 1 - alpha);
  return mul(builder, dy, add(builder, steep, scalar(builder, alpha, x)));
});

/** dσ/dx = y (1 - y) */
export const sigmoidGradient = unary<"Sigmoid">((builder, _, y, dy) =>
  mul(builder, dy, sub(builder, y, mul(builder, y, y))),
);

export const softplusGradient = unary<"Softplus">((builder, x, _, dy) =>
  mul(builder, dy, builder.apply("Sigmoid", [x], {})),
);

/** Infinite at zero, as in PyTorch; keep an epsilon inside the root. */
export const sqrtGradient = unary<"Sqrt">((builder, _, y, dy) => div(builder, scale(builder, dy, 0.5), y));

/** d tanh / dx = 1 - y² */
export const tanhGradient = unary<"Tanh">((builder, _, y, dy) =>
  mul(builder, dy, sub(builder, scalar(builder, 1, y), mul(builder, y, y))),
);

export const castGradient: GradientRule<"Cast"> = (node, dy, { builder }) => [
  builder.apply("Cast", [dy], { to: node.inputs[0]!.dtype }),
];
