/**
 * Winograd's convolution: F(m x m, 3 x 3) computes a tile of m x m outputs with (m + 2)² multiplications for each pair
 * of channels where the direct convolution has 9 m². Exact in exact arithmetic.
 *
 * @see Lavin and Gray 2015, Fast Algorithms for Convolutional Neural Networks
 */
import type { GraphBuilder, Node, NodeOf, Pads, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { RewriteRule } from "./rewriter.ts";
import { kronecker, winogradMatrices, type Matrix, type TileSize } from "../nn/index.ts";

/** Which convolutions become tiles of which size; undefined leaves one as it is. */
export type ChooseTile = (conv: NodeOf<"Conv">) => TileSize | undefined;

/** Replaces convolutions of 3x3 and stride 1 where `choose` names a tile. */
export const winograd =
  (choose: ChooseTile): RewriteRule =>
  (node, { builder, at }) => {
    if (!isWinogradable(node)) return undefined;
    const tile = choose(node);
    if (tile === undefined) return undefined;
    const [x, weight, bias] = node.inputs.map(at) as [Value, Value, Value | undefined];
    const { pads } = node.attributes;
    return winogradConv2d(builder, { x, weight, bias, pads, tile });
  };

/** Whether a node is a convolution that has a Winograd form here: 3x3, stride 1. */
export function isWinogradable(node: Node): node is NodeOf<"Conv"> {
  if (node.operator !== "Conv") return false;
  const [height, width] = node.inputs[1]!.shape.slice(2);
  return height === 3 && width === 3 && node.attributes.strides.every((stride) => stride === 1);
}

interface WinogradConvolution {
  /** [N, Cin, H, W] */
  readonly x: Value;
  /** [Cout, Cin, 3, 3] */
  readonly weight: Value;
  /** [Cout] */
  readonly bias: Value | undefined;
  readonly pads: Pads;
  /** m */
  readonly tile: TileSize;
}

/** → [N, Cout, H', W'] */
function winogradConv2d(builder: GraphBuilder, convolution: WinogradConvolution): Value {
  const { x, weight, bias, pads, tile: m } = convolution;
  const [batch, , height, width] = x.shape as [number, number, number, number];
  const outChannels = weight.shape[0]!;
  const outHeight = height + pads[0] + pads[2] - 2;
  const outWidth = width + pads[1] + pads[3] - 2;
  const tiles = [Math.ceil(outHeight / m), Math.ceil(outWidth / m)] as const;
  const reshape = (value: Value, shape: Shape): Value => builder.apply("Reshape", [value], { shape });

  const products = builder.apply(
    "MatMul",
    [transformedKernel(builder, weight, m), transformedInput(builder, x, pads, tiles, m)],
    {},
  ); // [N, (m+2)², Cout, tiles]
  const columns = outChannels * tiles[0] * tiles[1];
  const back = constantMatrix(builder, `winograd_output_${m}`, outputMatrix(m)); // [m², (m+2)²]
  const pixels = builder.apply("MatMul", [back, reshape(products, [batch, (m + 2) ** 2, columns])], {});
  const blocks = reshape(pixels, [batch, m * m * outChannels, ...tiles]);
  const whole = builder.apply("DepthToSpace", [blocks], { blockSize: m });
  const cut = cropped(builder, whole, outHeight, outWidth);
  return bias === undefined ? cut : builder.apply("Add", [cut, reshape(bias, [outChannels, 1, 1])], {});
}

const outputMatrix = (m: TileSize): Matrix => {
  const { output } = winogradMatrices(m);
  return kronecker(output, output);
};

/** [Cout, Cin, 3, 3] → [(m+2)², Cout, Cin] */
function transformedKernel(builder: GraphBuilder, weight: Value, m: TileSize): Value {
  const [outChannels, inChannels] = weight.shape as [number, number];
  const { kernel } = winogradMatrices(m);
  const matrix = constantMatrix(builder, `winograd_kernel_${m}`, kronecker(kernel, kernel)); // [(m+2)², 9]
  const rows = builder.apply("Reshape", [weight], { shape: [outChannels * inChannels, 9] });
  const columns = builder.apply("Transpose", [rows], { perm: [1, 0] });
  const product = builder.apply("MatMul", [matrix, columns], {});
  return builder.apply("Reshape", [product], { shape: [(m + 2) ** 2, outChannels, inChannels] });
}

/**
 * [N, Cin, H, W] → [N, (m+2)², Cin, tiles]: a convolution of every channel alone, with stride m, whose kernels are the
 * outer products of the input matrix' rows. ONNX Runtime folds the transposition into the product that follows.
 */
function transformedInput(
  builder: GraphBuilder,
  x: Value,
  pads: Pads,
  [tileRows, tileColumns]: readonly [number, number],
  m: TileSize,
): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const side = m + 2;
  const { input } = winogradMatrices(m);
  const kernels = builder.constant(
    `winograd_input_${m}`,
    Tensor.from(Float32Array.from(kronecker(input, input).flat()), [side * side, 1, side, side]),
  );
  const planes = builder.apply("Reshape", [x], { shape: [batch * channels, 1, height, width] });
  const bottom = tileRows * m + 2 - height - pads[0];
  const right = tileColumns * m + 2 - width - pads[1];
  const transformed = builder.apply("Conv", [planes, kernels], {
    strides: [m, m],
    pads: [pads[0], pads[1], bottom, right],
  }); // [N·Cin, (m+2)², tileRows, tileColumns]
  const tiles = tileRows * tileColumns;
  if (batch === 1) {
    const flat = builder.apply("Reshape", [transformed], { shape: [channels, side * side, tiles] });
    return builder.apply("Transpose", [flat], { perm: [1, 0, 2] }); // [(m+2)², Cin, tiles]
  }
  const flat = builder.apply("Reshape", [transformed], { shape: [batch, channels, side * side, tiles] });
  return builder.apply("Transpose", [flat], { perm: [0, 2, 1, 3] });
}

function constantMatrix(builder: GraphBuilder, name: string, matrix: Matrix): Value {
  const data = Float32Array.from(matrix.flat());
  return builder.constant(name, Tensor.from(data, [matrix.length, matrix[0]!.length]));
}

function cropped(builder: GraphBuilder, x: Value, height: number, width: number): Value {
  if (x.shape[2] === height && x.shape[3] === width) return x;
  return builder.apply("Slice", [x], { axes: [2, 3], starts: [0, 0], ends: [height, width] });
}
