/**
 * Convolution by a bilinear algorithm: every tile of the input and every kernel is transformed by constant matrices,
 * the transforms are multiplied one by one and summed over channels, and a third matrix makes a block of outputs of the
 * sums. With the matrices B, G and A of one side: y = A (G w Gᵀ ∘ B x Bᵀ) Aᵀ.
 */
import type { ConvolutionForm, ConvolutionPart, GraphBuilder, Pads, Value } from "../graph/index.ts";
import { byColumns, kronecker, matrixTensor, type WinogradMatrices } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface BilinearAlgorithm {
  /** Of its constants. */
  readonly name: string;
  readonly form: ConvolutionForm;
  /** Of one side: `input` [products, side], `kernel` [products, 3], `output` [blockSize, products]. */
  readonly matrices: WinogradMatrices;
  /** Pixels from one tile of the input to the next. */
  readonly stride: number;
  /** Outputs of a tile along a side. */
  readonly blockSize: number;
}

export interface BilinearConvolution {
  /** [N, Cin, H, W], or [1, H, W, Cin] where channels are last. */
  readonly x: Value;
  /** [Cout, Cin, 3, 3] */
  readonly weight: Value;
  /** [Cout] */
  readonly bias: Value | undefined;
  /** Zeros above and to the left; those below and to the right follow from the size. */
  readonly top: number;
  readonly left: number;
  /** [N, Cout, H', W'], whichever way the channels lie. */
  readonly size: Shape;
  readonly algorithm: BilinearAlgorithm;
}

/** The matrices of both sides together: B ⊗ B, G ⊗ G and A ⊗ A. */
export interface BilinearConstants {
  /** Of the algorithm. */
  readonly name: string;
  readonly products: number;
  /** [products, side, side] */
  readonly input: Float32Array;
  /** [products, 9] */
  readonly kernel: Tensor;
  /** [blockSize², products]: the pixels of a block row by row. */
  readonly output: Tensor;
  /** The same, column by column, as `joinTiles` reads them. */
  readonly outputByColumns: Tensor;
}

/** By the algorithm's name: every strip of every layer asks for the same few. */
const knownConstants = new Map<string, BilinearConstants>();

export function constantsOf(algorithm: BilinearAlgorithm): BilinearConstants {
  const constants = knownConstants.get(algorithm.name) ?? makeConstants(algorithm);
  knownConstants.set(algorithm.name, constants);
  return constants;
}

function makeConstants({ name, matrices, blockSize }: BilinearAlgorithm): BilinearConstants {
  const kernel = kronecker(matrices.kernel, matrices.kernel);
  const output = kronecker(matrices.output, matrices.output);
  return {
    name,
    products: kernel.length,
    input: Float32Array.from(kronecker(matrices.input, matrices.input).flat()),
    kernel: matrixTensor(kernel),
    output: matrixTensor(output),
    outputByColumns: matrixTensor(byColumns(output, blockSize)),
  };
}

/** Labels what `body` makes as a part of the convolution. */
export const asPart = (
  builder: GraphBuilder,
  { form }: BilinearAlgorithm,
  part: ConvolutionPart["part"],
  body: () => Value,
): Value => builder.labelled({ convolution: { form, part } }, body);

/** How many tiles cover the outputs, down and across. */
export type TileCount = readonly [rows: number, columns: number];

export function tileCountOf({ size, algorithm: { blockSize } }: BilinearConvolution): TileCount {
  const [, , height, width] = size as [number, number, number, number];
  return [Math.ceil(height / blockSize), Math.ceil(width / blockSize)];
}

/** The zeros that the tiles see around a picture of so many pixels. */
export function padsOf(
  { top, left, algorithm: { stride, matrices } }: BilinearConvolution,
  [height, width]: readonly [number, number],
  [tileRows, tileColumns]: TileCount,
): Pads {
  const side = matrices.input[0]!.length;
  const bottom = (tileRows - 1) * stride + side - height - top;
  const right = (tileColumns - 1) * stride + side - width - left;
  return [top, left, bottom, right];
}
