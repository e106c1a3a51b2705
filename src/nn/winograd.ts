/**
 * 3x3 convolutions and their gradients by Winograd's F(4x4, 3x3), for weights that change from run to run: a tile of
 * 4x4 outputs takes 36 multiplications for each pair of channels instead of 144.
 *
 * With the matrices of `winogradMatrices` and ∘ for the product by tiles, summed over channels:
 * y = A (G w Gᵀ ∘ B x Bᵀ) Aᵀ, so dw = Gᵀ (Aᵀ dy A ∘ B x Bᵀ) G; dx is the convolution of dy with the turned kernels.
 *
 * @see Lavin and Gray 2015, Fast Algorithms for Convolutional Neural Networks
 */
import type { GraphBuilder, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { byColumns, joinTiles } from "./join-tiles.ts";
import { matrixConstant } from "./matrix-constant.ts";
import { kronecker, winogradMatrices } from "./winograd-matrices.ts";

/** Outputs along one side of a tile. */
const tile = 4;
/** Multiplications for a tile, which reads 6x6 pixels. */
const products = (tile + 2) ** 2;
const { output, kernel, input } = winogradMatrices(tile);

/** Of the transformed examples that exist at once: 5 MiB. */
const maxElements = 1.25 * 2 ** 20;

type Picture = readonly [batch: number, channels: number, height: number, width: number];

/**
 * The convolution with a border of 1, and its gradient as a whole.
 *
 * @param x [N, Cin, H, W], H and W divisible by 4
 * @param weight [Cout, Cin, 3, 3]
 * @param bias [Cout]
 * @returns [N, Cout, H, W]
 */
export function winogradConv2d(builder: GraphBuilder, x: Value, weight: Value, bias?: Value): Value {
  const { reshape, transpose } = shortForms(builder);
  const linear = convolved(builder, x, kernels(builder, weight));
  const result =
    bias === undefined ? linear : builder.apply("Add", [linear, reshape(bias, [bias.shape[0]!, 1, 1])], {});
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  const toInput = (dy: Value): Value => {
    const turned = transpose(kernels(builder, weight, true), [0, 1, 3, 2]); // [1, 36, Cin, Cout]
    return convolved(builder, dy, turned);
  };
  builder.knowGradient({
    inputs,
    output: result,
    rule: (dy, wants, at) => {
      const gradients = [
        () => toInput(dy),
        () => winogradWeightGradient(builder, at(x), dy),
        () => builder.apply("ReduceSum", [dy], { axes: [0, 2, 3], keepdims: false }),
      ];
      return inputs.map((_, index) => (wants(index) ? gradients[index]!() : undefined));
    },
  });
  return result;
}

/**
 * The gradient with respect to the weights of a 3x3 convolution of stride 1 with a border of 1.
 *
 * All pictures of all channels stand on one another, with as many zeros between two as a tile is high: their tiles are
 * then one convolution, whose result the products can read as it is.
 *
 * @param x [N, Cin, H, W], H and W divisible by 4
 * @param dy [N, Cout, H, W]
 * @returns [Cout, Cin, 3, 3]
 */
export function winogradWeightGradient(builder: GraphBuilder, x: Value, dy: Value): Value {
  const { matMul, reshape, transpose } = shortForms(builder);
  const stacked = (value: Value): Value => {
    const [batch, channels, height, width] = value.shape as Picture;
    const zeros = Tensor.zeros([batch, channels, tile, width]);
    const gap = builder.constant(`zeros_${zeros.shape.join("x")}_float32`, zeros);
    const spaced = builder.apply("Concat", [value, gap], { axis: 2 });
    return reshape(batchInside(builder, spaced), [1, 1, channels * batch * (height + tile), width]);
  };
  const rows = (transformed: Value, channels: number): Value =>
    reshape(transformed, [products, channels, transformed.shape[2]! * (transformed.shape[3]! / channels)]);

  const [outChannels, inChannels] = [dy.shape[1]!, x.shape[1]!];
  const spread = rows(byTile(builder, stacked(dy), spreadFilters(builder), 0), outChannels); // [36, Cout, T]
  const tiles = rows(byTile(builder, stacked(x), tileFilters(builder), 1), inChannels); // [36, Cin, T]
  const sums = matMul(spread, transpose(tiles, [0, 2, 1])); // [36, Cout, Cin]
  const columns = transpose(reshape(sums, [products, outChannels * inChannels]), [1, 0]);
  return reshape(matMul(columns, kernelMatrix(builder)), [outChannels, inChannels, 3, 3]);
}

/**
 * A (k ∘ B x Bᵀ) Aᵀ of each tile, of as many examples at once as the processor's cache has room for.
 *
 * @param transformed [1, 36, Cout, Cin]
 * @returns [N, Cout, H, W]
 */
function convolved(builder: GraphBuilder, x: Value, transformed: Value): Value {
  const [batch, channels, height, width] = x.shape as Picture;
  const perExample = (products * channels * height * width) / tile ** 2;
  const atOnce = Math.max(1, Math.floor(maxElements / perExample));
  const parts: Value[] = [];
  for (let start = 0; start < batch; start += atOnce) {
    const ends = [Math.min(start + atOnce, batch)];
    const part = atOnce >= batch ? x : builder.apply("Slice", [x], { axes: [0], starts: [start], ends });
    const sums = builder.apply("MatMul", [transformed, tilesOf(builder, part)], {}); // [n, 36, Cout, T]
    parts.push(outputs(builder, sums, part.shape));
  }
  return parts.length === 1 ? parts[0]! : builder.apply("Concat", parts, { axis: 0 });
}

/** B x Bᵀ of each tile: [N, C, H, W] → [N, 36, C, T], T tiles in a picture. */
function tilesOf(builder: GraphBuilder, x: Value): Value {
  const { reshape, transpose } = shortForms(builder);
  const [batch, channels, height, width] = x.shape as Picture;
  const planes = reshape(batchInside(builder, x), [channels * batch, 1, height, width]);
  const tiles = byTile(builder, planes, tileFilters(builder), 1);
  const each = reshape(tiles, [channels, batch, products, (height * width) / tile ** 2]);
  return transpose(each, [1, 2, 0, 3]); // ONNX Runtime folds this into the product.
}

/** A linear map of tiles, as a convolution with the tile's side as its stride: [M, 1, H, W] → [M, 36, H/4, W/4]. */
const byTile = (builder: GraphBuilder, x: Value, filters: Value, border: number): Value =>
  builder.apply("Conv", [x, filters], {
    strides: [tile, tile],
    pads: [border, border, border, border],
  });

/** B · Bᵀ */
const tileFilters = (builder: GraphBuilder): Value =>
  matrixConstant(builder, "winograd_tiles", kronecker(input, input), [products, 1, tile + 2, tile + 2]);

/** Aᵀ · A */
function spreadFilters(builder: GraphBuilder): Value {
  const columns = output[0]!.map((_, column) => output.map((row) => row[column]!));
  return matrixConstant(builder, "winograd_spread", kronecker(columns, columns), [products, 1, tile, tile]);
}

/** G w Gᵀ of each kernel, as it is or turned by 180 degrees: [Cout, Cin, 3, 3] → [1, 36, Cout, Cin]. */
function kernels(builder: GraphBuilder, weight: Value, isTurned = false): Value {
  const { matMul, reshape, transpose } = shortForms(builder);
  const [outChannels, inChannels] = weight.shape as [number, number];
  const taps = transpose(reshape(weight, [outChannels * inChannels, 9]), [1, 0]);
  const matrix = isTurned ? turnedKernelMatrix(builder) : kernelMatrix(builder);
  return reshape(matMul(matrix, taps), [1, products, outChannels, inChannels]);
}

/** G ⊗ G, [36, 9] */
const kernelMatrix = (builder: GraphBuilder): Value =>
  matrixConstant(builder, "winograd_kernel", kronecker(kernel, kernel));

const turnedKernelMatrix = (builder: GraphBuilder): Value => {
  const turned = kronecker(kernel, kernel).map((row) => [...row].reverse());
  return matrixConstant(builder, "winograd_turned_kernel", turned);
};

/** A m Aᵀ of each tile, and the tiles side by side: [N, 36, C, T] → [N, C, H, W], of `size`'s H and W. */
function outputs(builder: GraphBuilder, m: Value, size: Shape): Value {
  const { matMul, reshape } = shortForms(builder);
  const [batch, , height, width] = size as Picture;
  const [, , channels, count] = m.shape as Picture;
  const columns = byColumns(kronecker(output, output), tile);
  const matrix = matrixConstant(builder, "winograd_outputs", columns); // [16, 36]
  const pixels = matMul(matrix, reshape(m, [batch, products, channels * count]));
  return joinTiles(builder, pixels, tile, [batch, channels, height, width]);
}

/** [N, C, H, W] → [C, N, H, W] */
function batchInside(builder: GraphBuilder, x: Value): Value {
  const [batch, channels, height, width] = x.shape as Picture;
  const { reshape, transpose } = shortForms(builder);
  return batch === 1 ? reshape(x, [channels, 1, height, width]) : transpose(x, [1, 0, 2, 3]);
}

const shortForms = (builder: GraphBuilder) => ({
  matMul: (a: Value, b: Value): Value => builder.apply("MatMul", [a, b], {}),
  reshape: (x: Value, shape: Shape): Value => builder.apply("Reshape", [x], { shape }),
  transpose: (x: Value, perm: readonly number[]): Value => builder.apply("Transpose", [x], { perm }),
});
