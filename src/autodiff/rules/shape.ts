/** Gradients of the operators that move, repeat or select elements. */
import { VaekitError } from "../../errors.ts";
import type { GraphBuilder, NodeOf, Value } from "../../graph/index.ts";
import { sameShape } from "../../tensor/shape.ts";
import { mul, reshape, scale, sub, sumTo, transposed, isPositive, scalar, div } from "../arithmetic.ts";
import type { GradientRule } from "../rule.ts";
import { summedOverBlocks } from "./kernels.ts";

export const concatGradient: GradientRule<"Concat"> = (node, dy, { builder, wants }) => {
  const { axis } = node.attributes;
  let start = 0;
  return node.inputs.map((input, index) => {
    const end = start + input.shape[axis]!;
    const part = { axes: [axis], starts: [start], ends: [end] };
    start = end;
    return wants(index) ? builder.apply("Slice", [dy], part) : undefined;
  });
};

/** The squares' pixels back into channels. */
export const depthToSpaceGradient: GradientRule<"DepthToSpace"> = (node, dy, { builder }) => {
  const { side, mode } = node.attributes;
  const [batch, channels, height, width] = node.output.shape as [number, number, number, number];
  const squares = reshape(builder, dy, [batch, channels, height / side, side, width / side, side]);
  const perm = mode === "CRD" ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  return [reshape(builder, builder.apply("Transpose", [squares], { perm }), node.inputs[0]!.shape)];
};

export const expandGradient: GradientRule<"Expand"> = (node, dy, { builder }) => [
  sumTo(builder, dy, node.inputs[0]!.shape),
];

/** The adjoint of padding is cutting off, and the other way round. */
export const padGradient: GradientRule<"Pad"> = (node, dy, { builder }) => {
  const { begins, ends } = node.attributes;
  const opposite = (sizes: readonly number[]): number[] => sizes.map((size) => 0 - size);
  return [builder.apply("Pad", [dy], { begins: opposite(begins), ends: opposite(ends) })];
};

export const reshapeGradient: GradientRule<"Reshape"> = (node, dy, { builder }) => [
  reshape(builder, dy, node.inputs[0]!.shape),
];

/**
 * The adjoint of repeating each pixel is the sum of each block: its mean times its size. Where the gradient comes
 * out of a convolution, that sum and the convolution are one, with larger strides and less than half of the work.
 */
export const resizeGradient: GradientRule<"Resize"> = (node, dy, { builder }) => {
  const { scales } = node.attributes;
  const producer = builder.nodes.findLast(({ output }) => output.name === dy.name);
  if (producer?.operator === "Conv" && producer.inputs.length === 2) {
    const { strides, pads } = producer.attributes;
    if (strides[0] === 1 && strides[1] === 1) {
      const [x, weight] = producer.inputs as [Value, Value];
      const widened = summedOverBlocks(builder, weight, scales);
      return [builder.apply("Conv", [x, widened], { strides: scales, pads })];
    }
  }
  const mean = builder.apply("AveragePool", [dy], { kernelShape: scales, strides: scales });
  return [scale(builder, mean, scales[0] * scales[1])];
};

/** Zeros where the slice did not read. A step is spread with zeros between, one axis at a time. */
export const sliceGradient: GradientRule<"Slice"> = (node, dy, { builder }) => {
  const { axes, starts, ends, steps } = node.attributes;
  const x = node.inputs[0]!;
  let gradient = dy;
  const begins = x.shape.map(() => 0);
  const missing = x.shape.map(() => 0);
  axes.forEach((axis, i) => {
    const step = steps?.[i] ?? 1;
    if (step > 1) gradient = spread(gradient, axis, step, ends[i]! - starts[i]!);
    begins[axis] = starts[i]!;
    missing[axis] = x.shape[axis]! - ends[i]!;
  });
  return [builder.apply("Pad", [gradient], { begins, ends: missing })];

  /** [.., n, ..] → [.., length, ..] with `step - 1` zeros after each element. */
  function spread(value: Value, axis: number, step: number, length: number): Value {
    const count = value.shape[axis]!;
    const before = value.shape.slice(0, axis);
    const after = value.shape.slice(axis + 1);
    const single = reshape(builder, value, [...before, count, 1, ...after]);
    const none = single.shape.map(() => 0);
    const padded = builder.apply("Pad", [single], {
      begins: none,
      ends: none.map((_, index) => (index === axis + 1 ? step - 1 : 0)),
    });
    const flat = reshape(builder, padded, [...before, count * step, ...after]);
    return builder.apply("Slice", [flat], { axes: [axis], starts: [0], ends: [length] });
  }
};

export const transposeGradient: GradientRule<"Transpose"> = (node, dy, { builder }) => {
  const { perm } = node.attributes;
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  return [builder.apply("Transpose", [dy], { perm: inverse })];
};

export const matMulGradient: GradientRule<"MatMul"> = (node, dy, { builder, wants }) => {
  const [a, b] = node.inputs as [Value, Value];
  const left = (): Value => builder.apply("MatMul", [dy, transposed(builder, b)], {});
  const right = (): Value => builder.apply("MatMul", [transposed(builder, a), dy], {});
  return [
    wants(0) ? sumTo(builder, left(), a.shape) : undefined,
    wants(1) ? sumTo(builder, right(), b.shape) : undefined,
  ];
};

/** A mean over windows that do not overlap: every element of a window gets its share. */
export const averagePoolGradient: GradientRule<"AveragePool"> = (node, dy, { builder }) => {
  checkTiling(node);
  const { kernelShape } = node.attributes;
  const share = scale(builder, dy, 1 / (kernelShape[0] * kernelShape[1]));
  return [covering(node.inputs[0]!, builder.apply("Resize", [share], { scales: kernelShape }), builder)];
};

/** The largest elements of a window share its gradient equally; PyTorch gives all to the first of them. */
export const maxPoolGradient: GradientRule<"MaxPool"> = (node, dy, { builder }) => {
  checkTiling(node);
  const x = node.inputs[0]!;
  const scales = node.attributes.kernelShape;
  const shape = [x.shape[0]!, x.shape[1]!, dy.shape[2]! * scales[0], dy.shape[3]! * scales[1]];
  const covered = crop(x, shape, builder);
  const largest = builder.apply("Resize", [node.output], { scales });
  const isBelow = isPositive(builder, sub(builder, largest, covered));
  const isLargest = sub(builder, scalar(builder, 1, x), isBelow);
  const portion = builder.apply("AveragePool", [isLargest], { kernelShape: scales, strides: scales });
  const share = div(builder, dy, scale(builder, portion, scales[0] * scales[1]));
  const gradient = mul(builder, isLargest, builder.apply("Resize", [share], { scales }));
  return [covering(x, gradient, builder)];
};

/** @throws UNSUPPORTED when windows overlap or leave gaps. */
function checkTiling({ operator, attributes, output }: NodeOf<"AveragePool"> | NodeOf<"MaxPool">): void {
  const { kernelShape, strides } = attributes;
  if (sameShape(kernelShape, strides)) return;
  const message = `${output.name}: ${operator} has a gradient only where windows lie side by side; expected strides [${kernelShape.join(", ")}], found [${strides.join(", ")}].`;
  throw new VaekitError("UNSUPPORTED", message);
}

function crop(x: Value, shape: readonly number[], builder: GraphBuilder): Value {
  if (x.shape[2] === shape[2] && x.shape[3] === shape[3]) return x;
  return builder.apply("Slice", [x], { axes: [2, 3], starts: [0, 0], ends: shape.slice(2) });
}

/** Zeros for the rows and columns of x that no window reached. */
function covering(x: Value, gradient: Value, builder: GraphBuilder): Value {
  const ends = x.shape.map((size, axis) => size - gradient.shape[axis]!);
  if (ends.every((size) => size === 0)) return gradient;
  return builder.apply("Pad", [gradient], { begins: [0, 0, 0, 0], ends });
}
