/** Short forms of the operators that gradient rules are written with. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { sameShape, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export const add = (builder: GraphBuilder, a: Value, b: Value): Value => builder.apply("Add", [a, b], {});
export const sub = (builder: GraphBuilder, a: Value, b: Value): Value => builder.apply("Sub", [a, b], {});
export const mul = (builder: GraphBuilder, a: Value, b: Value): Value => builder.apply("Mul", [a, b], {});
export const div = (builder: GraphBuilder, a: Value, b: Value): Value => builder.apply("Div", [a, b], {});
export const neg = (builder: GraphBuilder, x: Value): Value => builder.apply("Neg", [x], {});

/** A constant number of the dtype of `like`. */
export function scalar(builder: GraphBuilder, value: number, like: Value): Value {
  const tensor =
    like.dtype === "float64"
      ? Tensor.from(Float64Array.of(value), [])
      : Tensor.from(Float32Array.of(value), []);
  return builder.constant(`${like.dtype}(${value})`, tensor);
}

/** x · factor. */
export const scale = (builder: GraphBuilder, x: Value, factor: number): Value =>
  mul(builder, x, scalar(builder, factor, x));

/** 1 where x > 0, else 0: the graph has no booleans. */
export const isPositive = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("Sign", [builder.apply("Relu", [x], {})], {});

/** 1 where x <= 0, else 0. */
export function isNotPositive(builder: GraphBuilder, x: Value): Value {
  return sub(builder, scalar(builder, 1, x), isPositive(builder, x));
}

/** x under another shape of as many elements; x itself where the shape is the same. */
export const reshape = (builder: GraphBuilder, x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : builder.apply("Reshape", [x], { shape });

/** The sum over `axes`, which stay with length 1. */
export const sumOver = (builder: GraphBuilder, x: Value, axes: readonly number[]): Value =>
  axes.length === 0 ? x : builder.apply("ReduceSum", [x], { axes, keepdims: true });

/** The adjoint of broadcasting: sums the axes along which `shape` was repeated. */
export function sumTo(builder: GraphBuilder, x: Value, shape: Shape): Value {
  const added = x.shape.length - shape.length;
  const repeated = [...x.shape.keys()].filter(
    (axis) => axis < added || (shape[axis - added] === 1 && x.shape[axis] !== 1),
  );
  return reshape(builder, sumOver(builder, x, repeated), shape);
}

/** x with its last two axes swapped. */
export function transposed(builder: GraphBuilder, x: Value): Value {
  const rank = x.shape.length;
  const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return builder.apply("Transpose", [x], { perm });
}
