/** Winograd's convolution of pictures [N, C, H, W], with tiles of which one side is transformed after the other, or one alone. */
import type { SidedTile } from "../cost/index.ts";
import type { ConvolutionPart, GraphBuilder, Value } from "../graph/index.ts";
import { joinColumns, kronecker, matrixTensor, winogradMatrices, type Matrix } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import {
  padsAlong,
  reshaped,
  transformedColumns,
  transformedKernels,
  transformedSums,
  transformedTiles,
  withBias,
  type Side,
} from "./by-sides.ts";

/** Outputs along a side that is transformed. */
const tile = 4;
const { input, kernel, output } = winogradMatrices(tile);
const name = "winograd_side";
/** The product that every output of a tile takes once: what is added there is added to all. */
const evenProduct = output[0]!.findIndex((_, column) => output.every((row) => row[column] === 1));

export interface SidedConvolution {
  /** [N, Cin, H, W] */
  readonly x: Value;
  /** [Cout, Cin, 3, 3] */
  readonly weight: Value;
  /** [Cout] */
  readonly bias: Value | undefined;
  /** Zeros above and to the left; those below and to the right follow from the size. */
  readonly top: number;
  readonly left: number;
  /** [N, Cout, H', W'] */
  readonly size: Shape;
}

type Quad = readonly [number, number, number, number];

/** → [N, Cout, H', W'] */
export const winogradBySides = (
  builder: GraphBuilder,
  tiles: SidedTile,
  convolution: SidedConvolution,
): Value => (tiles === "4x4" ? inSquares(builder, convolution) : inColumns(builder, convolution));

const sideOf = (pixels: number, count: number, before: number): Side => {
  const side = { stride: tile, matrix: input, name };
  return { ...side, pads: padsAlong(side, pixels, count, before) };
};

const asPart =
  (builder: GraphBuilder, tiles: SidedTile) =>
  (part: ConvolutionPart["part"], body: () => Value): Value =>
    builder.labelled({ convolution: { form: { kind: "winograd by sides", tile: tiles }, part } }, body);

/** Tiles of 4x4: 36 products for 16 outputs, where the direct convolution has 144. */
function inSquares(builder: GraphBuilder, { x, weight, bias, top, left, size }: SidedConvolution): Value {
  const [batch, inChannels, height, width] = x.shape as Quad;
  const [, outChannels, outHeight, outWidth] = size as Quad;
  const [tileRows, tileColumns] = [Math.ceil(outHeight / tile), Math.ceil(outWidth / tile)];
  const part = asPart(builder, "4x4");
  const products = input.length ** 2;
  const planes = reshaped(builder, x, [batch * inChannels, height, width]);
  const sides = { down: sideOf(height, tileRows, top), across: sideOf(width, tileColumns, left) };
  const tiles = part("input", () => transformedTiles(builder, planes, sides)); // [products, N · Cin, T]
  const kernels = transformedKernels(builder, weight, kronecker(kernel, kernel), name);
  const sums = part("product", () => productOf(builder, kernels, tiles, batch));
  const length = batch * outChannels * tileRows * tileColumns;
  const rows = part("output", () => {
    const flat = reshaped(builder, sums, [products, length]);
    const pixels = transformedSums(builder, flat, output, name); // [tile, tile, N · Cout · T]
    const places = reshaped(builder, pixels, [tile, tile, batch * outChannels * tileRows, tileColumns]);
    return builder.apply("Transpose", [places], { perm: [1, 2, 0, 3] }); // columns, then whole rows
  });
  const columns = reshaped(builder, rows, [tile, batch * outChannels * tileRows * tile, tileColumns]);
  const whole = part("output", () =>
    joinColumns(builder, columns, [batch, outChannels, tileRows * tile, tileColumns * tile]),
  );
  return withBias(builder, cropped(builder, whole, outHeight, outWidth), bias);
}

/** [products, Cout, Cin] times [products, N · Cin, T], of every picture: → [products, (N,) Cout, T] */
export function productOf(builder: GraphBuilder, kernels: Value, tiles: Value, batch: number): Value {
  if (batch === 1) return builder.apply("MatMul", [kernels, tiles], {});
  const [products, outChannels, inChannels] = kernels.shape as [number, number, number];
  const each = reshaped(builder, kernels, [products, 1, outChannels, inChannels]);
  const pictures = reshaped(builder, tiles, [products, batch, inChannels, tiles.shape[2]!]);
  return builder.apply("MatMul", [each, pictures], {});
}

/**
 * Four outputs below one another: 18 products where the direct convolution has 36. Rows stay whole, so that nothing is picked number
 * by number, and six convolutions along them are one Conv in groups. For few channels, of which the transforms of squares are a large
 * part.
 */
function inColumns(builder: GraphBuilder, { x, weight, bias, top, left, size }: SidedConvolution): Value {
  const [batch, inChannels, height, width] = x.shape as Quad;
  const [, outChannels, outHeight, outWidth] = size as Quad;
  const tileRows = Math.ceil(outHeight / tile);
  const products = input.length;
  const part = asPart(builder, "4x1");
  const planes = reshaped(builder, x, [batch * inChannels, height, width]);
  const tiles = part("input", () => transformedColumns(builder, planes, sideOf(height, tileRows, top)));
  const grouped = picturesFirst(builder, tiles, [products, batch, inChannels, tileRows, width]);
  const kernels = columnKernels(builder, weight);
  const inputs = bias === undefined ? [grouped, kernels] : [grouped, kernels, evenBias(builder, bias)];
  const sums = part("product", () =>
    builder.apply("Conv", inputs, {
      strides: [1, 1],
      pads: [0, left, 0, outWidth + 2 - width - left],
      group: products,
    }),
  ); // [N, products · Cout, tileRows, W']
  const whole = part("output", () => {
    const rows = reshaped(builder, sums, [batch, products, outChannels * tileRows * outWidth]);
    const constant = builder.constant(`${name}_output`, matrixTensor(output));
    const pixels = builder.apply("MatMul", [constant, rows], {}); // [N, tile, Cout · tileRows · W']
    const places = reshaped(builder, pixels, [batch, tile, outChannels * tileRows, outWidth]);
    return builder.apply("Transpose", [places], { perm: [0, 2, 1, 3] });
  });
  const picture = reshaped(builder, whole, [batch, outChannels, tileRows * tile, outWidth]);
  return cropped(builder, picture, outHeight, outWidth);
}

/** [products, N · C, rows, W] → [N, products · C, rows, W] */
function picturesFirst(
  builder: GraphBuilder,
  tiles: Value,
  [products, batch, channels, rows, width]: readonly [number, number, number, number, number],
): Value {
  const each = reshaped(builder, tiles, [products, batch, channels * rows * width]);
  const ordered = batch === 1 ? each : builder.apply("Transpose", [each], { perm: [1, 0, 2] });
  return reshaped(builder, ordered, [batch, products * channels, rows, width]);
}

/** [Cout, Cin, 3, 3] → [products · Cout, Cin, 1, 3]: the taps below one another are transformed. */
function columnKernels(builder: GraphBuilder, weight: Value): Value {
  const [outChannels, inChannels] = weight.shape as [number, number];
  const taps = reshaped(builder, weight, [outChannels * inChannels, 3, 3]);
  const constant = builder.constant(`${name}_column_kernel`, matrixTensor(kernel));
  const kernels = builder.apply("MatMul", [constant, taps], {}); // [Cout · Cin, products, 3]
  const ordered = builder.apply("Transpose", [kernels], { perm: [1, 0, 2] });
  return reshaped(builder, ordered, [kernel.length * outChannels, inChannels, 1, 3]);
}

/** [Cout] → [products · Cout], which adds the bias to every output. */
function evenBias(builder: GraphBuilder, bias: Value): Value {
  const [channels] = bias.shape as [number];
  const column: Matrix = input.map((_, row) => [Number(row === evenProduct)]);
  const constant = builder.constant(`${name}_bias`, matrixTensor(column));
  const rows = builder.apply("MatMul", [constant, reshaped(builder, bias, [1, channels])], {});
  return reshaped(builder, rows, [column.length * channels]);
}

function cropped(builder: GraphBuilder, x: Value, height: number, width: number): Value {
  if (x.shape[2] === height && x.shape[3] === width) return x;
  return builder.apply("Slice", [x], { axes: [2, 3], starts: [0, 0], ends: [height, width] });
}
