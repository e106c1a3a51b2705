/**
 * A convolution of a picture [1, H, W, C] to a few channels: first one product gives what every pixel adds to every output around it,
 * then the taps are added up. Of what a gathering convolution copies, kH · kW times the input, this has kH · kW times the output.
 */
import type { GraphBuilder, NodeOf, Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * @param x [1, H, W, Cin]
 * @param weight [Cout, Cin, kH, kW]
 * @returns [1, Cout, H', W'], as ONNX's Conv
 */
export function productBeforeTaps(
  builder: GraphBuilder,
  x: Value,
  weight: Value,
  { attributes: { pads }, output }: NodeOf<"Conv">,
): Value {
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape as [
    number,
    number,
    number,
    number,
  ];
  const [, height, width] = x.shape as [number, number, number, number];
  const [, , outHeight, outWidth] = output.shape as [number, number, number, number];
  const taps = kernelHeight * kernelWidth;
  const reshape = (value: Value, shape: readonly number[]): Value =>
    builder.apply("Reshape", [value], { shape });

  const kernel = builder.apply("Transpose", [weight], { perm: [1, 2, 3, 0] }); // [Cin, kH, kW, Cout]
  const matrix = reshape(kernel, [inChannels, taps * outChannels]);
  const pixels = reshape(x, [height * width, inChannels]);
  const form = { kind: "product before taps" } as const;
  const product = builder.labelled({ convolution: { form, part: "product" } }, () =>
    builder.apply("MatMul", [pixels, matrix], {}),
  );
  const planes = reshape(builder.apply("Transpose", [product], { perm: [1, 0] }), [
    taps,
    outChannels,
    height,
    width,
  ]);
  const padded = withZeros(builder, planes, pads); // [kH · kW, Cout, H + pads, W + pads]
  const shifted = Array.from({ length: taps }, (_, tap) => {
    const [top, left] = [Math.floor(tap / kernelWidth), tap % kernelWidth];
    return builder.apply("Slice", [padded], {
      axes: [0, 2, 3],
      starts: [tap, top, left],
      ends: [tap + 1, top + outHeight, left + outWidth],
    });
  });
  return shifted.reduce((sum, part) => builder.apply("Add", [sum, part], {}));
}

/** ONNX Runtime moves an element with Pad more than twice as slowly as with Concat. */
function withZeros(
  builder: GraphBuilder,
  planes: Value,
  [top, left, bottom, right]: readonly [number, number, number, number],
): Value {
  const beside = (value: Value, axis: 2 | 3, before: number, after: number): Value => {
    const zeros = (length: number): Value[] => {
      if (length === 0) return [];
      const shape = value.shape.with(axis, length);
      return [builder.constant(`zeros_${shape.join("x")}`, Tensor.zeros(shape))];
    };
    const parts = [...zeros(before), value, ...zeros(after)];
    return parts.length === 1 ? value : builder.apply("Concat", parts, { axis });
  };
  return beside(beside(planes, 3, left, right), 2, top, bottom);
}
