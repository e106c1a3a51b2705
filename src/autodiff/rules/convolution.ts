/**
 * Gradients of convolutions.
 *
 * With respect to the input, a convolution's gradient is its transpose. With respect to the weights it is a
 * matrix product over the pixels, dW[tap] = dy · x[tap]ᵀ, for each of the kernel's taps: ONNX Runtime computes
 * this two to four times as fast as the convolution with swapped axes (docs/log.md).
 */
import { VaekitError } from "../../errors.ts";
import type { GraphBuilder, NodeOf, Value } from "../../graph/index.ts";
import { reshape, sumOver, transposed } from "../arithmetic.ts";
import type { GradientRule } from "../rule.ts";

type Conv = NodeOf<"Conv">;
type Picture = [number, number, number, number];

export const convGradient: GradientRule<"Conv"> = (node, dy, { builder, wants }) => [
  wants(0) ? inputGradient(builder, node, dy) : undefined,
  wants(1) ? weightGradient(builder, node, dy) : undefined,
  wants(2) ? reshape(builder, sumOver(builder, dy, [0, 2, 3]), [dy.shape[1]!]) : undefined,
];

function inputGradient(builder: GraphBuilder, { inputs, attributes }: Conv, dy: Value): Value {
  const { strides, pads } = attributes;
  const [x, weight] = inputs as [Value, Value];
  const [, , height, width] = x.shape as Picture;
  const [, , kernelHeight, kernelWidth] = weight.shape as Picture;
  // What the last stride did not reach: pixels that no window read.
  const outputPadding = [
    (height + pads[0] + pads[2] - kernelHeight) % strides[0],
    (width + pads[1] + pads[3] - kernelWidth) % strides[1],
  ] as const;
  return builder.apply("ConvTranspose", [dy, weight], { strides, pads, outputPadding });
}

function weightGradient(builder: GraphBuilder, node: Conv, dy: Value): Value {
  const weight = node.inputs[1]!;
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape as Picture;
  const [batch, , height, width] = dy.shape as Picture;
  const pixels = height * width;
  const taps = kernelTaps(builder, node, [height, width]).map((tap) =>
    reshape(builder, tap, [batch, inChannels, pixels]),
  );
  const columns = taps.length === 1 ? taps[0]! : builder.apply("Concat", taps, { axis: 1 }); // [N, T·Cin, P]
  const rows = reshape(builder, dy, [batch, outChannels, pixels]); // [N, Cout, P]
  const products = builder.apply("MatMul", [rows, transposed(builder, columns)], {}); // [N, Cout, T·Cin]
  const sum = reshape(builder, sumOver(builder, products, [0]), [outChannels, taps.length, inChannels]);
  const ordered = taps.length === 1 ? sum : transposed(builder, sum); // [Cout, Cin, T]
  return reshape(builder, ordered, [outChannels, inChannels, kernelHeight, kernelWidth]);
}

/** For each tap of the kernel, row by row, the pixel that it reads for each output pixel: [N, Cin, H', W']. */
function kernelTaps(builder: GraphBuilder, node: Conv, [height, width]: readonly [number, number]): Value[] {
  const { strides, pads } = node.attributes;
  const [x, weight] = node.inputs as [Value, Value];
  const [, , kernelHeight, kernelWidth] = weight.shape as Picture;
  const padded = pads.every((pad) => pad === 0)
    ? x
    : builder.apply("Pad", [x], { begins: [0, 0, pads[0], pads[1]], ends: [0, 0, pads[2], pads[3]] });
  if (kernelHeight === 1 && kernelWidth === 1 && strides[0] === 1 && strides[1] === 1) return [padded];
  const taps: Value[] = [];
  for (let row = 0; row < kernelHeight; row++) {
    for (let column = 0; column < kernelWidth; column++) {
      taps.push(
        builder.apply("Slice", [padded], {
          axes: [2, 3],
          starts: [row, column],
          ends: [row + (height - 1) * strides[0] + 1, column + (width - 1) * strides[1] + 1],
          ...(strides[0] === 1 && strides[1] === 1 ? {} : { steps: strides }),
        }),
      );
    }
  }
  return taps;
}

/** dx is a convolution with the same weights; dW is the convolution's own, with x and dy exchanged. */
export const convTransposeGradient: GradientRule<"ConvTranspose"> = (node, dy, context) => {
  const { strides, pads, outputPadding } = node.attributes;
  if (outputPadding.some((size) => size > 0)) {
    throw new VaekitError("UNSUPPORTED", "ConvTranspose with output padding has no gradient rule.");
  }
  const [x, weight] = node.inputs as [Value, Value];
  const forward: Conv = { operator: "Conv", attributes: { strides, pads }, inputs: [dy, weight], output: x };
  return [
    context.wants(0) ? context.builder.apply("Conv", [dy, weight], { strides, pads }) : undefined,
    context.wants(1) ? weightGradient(context.builder, forward, x) : undefined,
  ];
};
