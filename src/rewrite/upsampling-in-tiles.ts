/**
 * Nearest upsampling by 2 and a 3x3 convolution as four 2x2 convolutions of the small picture (folded-upsampling.ts), these in tiles
 * by Winograd's F(3x3, 2x2), whose sides are transformed one after the other: 7.1 products for four outputs, where the folded form has
 * 16 and the plain one 36.
 *
 * Along a side, the output over pixel s that lies nearer to s - 1 is w₀ x₋ + (w₁ + w₂) x₀, the other one (w₀ + w₁) x₀ + w₂ x₊. So a pair
 * x[s], x[s + 1] gives an output of the second kind over s and one of the first kind over s + 1, which are neighbours: tiles of both kinds
 * read the same pixels, and are transformed once.
 */
import { isWinogradable, pairTiles, type UpsampledShape } from "../cost/index.ts";
import type { ConvolutionPart, GraphBuilder, Value } from "../graph/index.ts";
import { joinColumns, kronecker, pairMatrices, type Matrix } from "../nn/index.ts";
import {
  padsAlong,
  reshaped,
  transformedKernels,
  transformedSums,
  transformedTiles,
  withBias,
  type Side,
} from "./by-sides.ts";
import type { RewriteRule } from "./rewriter.ts";
import { productOf } from "./winograd-by-sides.ts";

/** Pairs along a side of a tile. */
const pairs = 3;
/** Outputs of a pair along a side. */
const outputs = 2;
const { input, kernel, output } = pairMatrices();
const name = "upsampling_side";

/** [2, 3] each: what the first and the second pixel of a pair give to its two outputs, of the three taps. */
const firstTaps: Matrix = [
  [1, 1, 0],
  [1, 0, 0],
];
const secondTaps: Matrix = [
  [0, 0, 1],
  [0, 1, 1],
];

type Quad = readonly [number, number, number, number];

/** Replaces Resize by 2 whose result a 3x3 convolution reads, together with that convolution, where `isWorthIt`. */
export const upsamplingInTiles =
  (isWorthIt: (shape: UpsampledShape) => boolean): RewriteRule =>
  (node, { builder, at, producerOf }) => {
    if (!isWinogradable(node) || node.attributes.pads.some((pad) => pad !== 1)) return undefined;
    const resize = producerOf(node.inputs[0]!);
    if (resize?.operator !== "Resize" || resize.attributes.scales.some((scale) => scale !== 2))
      return undefined;
    const [batch, inChannels, height, width] = resize.inputs[0]!.shape as Quad;
    const outChannels = node.output.shape[1]!;
    if (!isWorthIt({ batch, inChannels, outChannels, height, width })) return undefined;
    const [, weight, bias] = node.inputs.map(at);
    return upsampledInTiles(builder, at(resize.inputs[0]!), weight!, bias);
  };

function upsampledInTiles(builder: GraphBuilder, x: Value, weight: Value, bias: Value | undefined): Value {
  const [batch, inChannels, height, width] = x.shape as Quad;
  const outChannels = weight.shape[0]!;
  const [tileRows, tileColumns] = pairTiles({ height, width });
  const planes = reshaped(builder, x, [batch * inChannels, height, width]);
  const sides = { down: sideOf(height, tileRows), across: sideOf(width, tileColumns) };
  const tiles = part(builder, "input", () => transformedTiles(builder, planes, sides));
  const kernels = pairKernels(builder, weight); // [products, 2 · 2 · Cout, Cin]
  const sums = part(builder, "product", () => productOf(builder, kernels, tiles, batch));
  const whole = part(builder, "output", () => {
    const flat = reshaped(builder, sums, [
      input.length ** 2,
      batch * outputs ** 2 * outChannels * tiles.shape[2]!,
    ]);
    const pixels = transformedSums(builder, flat, output, name); // [pairs, pairs, N · 2 · 2 · Cout · T]
    return inPlace(builder, pixels, [batch, outChannels, tileRows, tileColumns]);
  });
  // The first output of the first pair lies outside of the picture.
  const [starts, ends] = [
    [1, 1],
    [1 + 2 * height, 1 + 2 * width],
  ];
  return withBias(builder, builder.apply("Slice", [whole], { axes: [2, 3], starts, ends }), bias);
}

function sideOf(pixels: number, count: number): Side {
  const side = { stride: pairs, matrix: input, name };
  return { ...side, pads: padsAlong(side, pixels, count, 1) };
}

const part = (builder: GraphBuilder, name: ConvolutionPart["part"], body: () => Value): Value =>
  builder.labelled({ convolution: { form: { kind: "upsampling in tiles" }, part: name } }, body);

/** [Cout, Cin, 3, 3] → [products, 2 · 2 · Cout, Cin]: for each product the kernels of the four outputs of a pair of pairs. */
function pairKernels(builder: GraphBuilder, weight: Value): Value {
  const [outChannels, inChannels] = weight.shape as [number, number];
  /** Of one side: for each product, the taps of either output. */
  const side = kernel.map(([first, second]) =>
    firstTaps.map((taps, kind) => taps.map((tap, i) => first! * tap + second! * secondTaps[kind]![i]!)),
  );
  const rows = side.flatMap((down) => side.flatMap((across) => kronecker(down, across)));
  const kernels = transformedKernels(builder, weight, rows, name);
  return reshaped(builder, kernels, [input.length ** 2, outputs ** 2 * outChannels, inChannels]);
}

/** [pairs, pairs, N · 2 · 2 · Cout · T] → [N, Cout, rows, columns] */
function inPlace(
  builder: GraphBuilder,
  pixels: Value,
  [batch, channels, tileRows, tileColumns]: Quad,
): Value {
  const side = pairs * outputs;
  const size = [batch, channels, tileRows * side, tileColumns * side];
  const rows = channels * tileRows;
  // Of more than one picture, they are outside.
  const isSingle = batch === 1;
  const places = isSingle
    ? [pairs, pairs, outputs, outputs, rows, tileColumns]
    : [pairs, pairs, batch, outputs, outputs, rows, tileColumns];
  const perm = isSingle ? [1, 3, 4, 0, 2, 5] : [1, 4, 2, 5, 0, 3, 6];
  const ordered = builder.apply("Transpose", [reshaped(builder, pixels, places)], { perm });
  return joinColumns(builder, reshaped(builder, ordered, [side, batch * rows * side, tileColumns]), size);
}
