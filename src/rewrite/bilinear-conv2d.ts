/**
 * Convolution by a bilinear algorithm: every tile of the input and every kernel is transformed by constant matrices,
 * the transforms are multiplied one by one and summed over channels, and a third matrix makes a block of outputs of the
 * sums. With the matrices B, G and A of one side: y = A (G w Gᵀ ∘ B x Bᵀ) Aᵀ.
 */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { byColumns, joinTiles, kronecker, matrixTensor, type WinogradMatrices } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export interface BilinearAlgorithm {
  /** Of its constants. */
  readonly name: string;
  /** Of one side: `input` [products, side], `kernel` [products, 3], `output` [blockSize, products]. */
  readonly matrices: WinogradMatrices;
  /** Pixels from one tile of the input to the next. */
  readonly stride: number;
  /** Outputs of a tile along a side. */
  readonly blockSize: number;
}

export interface BilinearConvolution {
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
  readonly algorithm: BilinearAlgorithm;
}

/** → [N, Cout, H', W'] */
export function bilinearConv2d(builder: GraphBuilder, convolution: BilinearConvolution): Value {
  const { weight, bias, size, algorithm } = convolution;
  const [batch, outChannels, outHeight, outWidth] = size as [number, number, number, number];
  const { blockSize } = algorithm;
  const constants = constantsOf(algorithm);
  const tiles = [Math.ceil(outHeight / blockSize), Math.ceil(outWidth / blockSize)] as const;
  const factors = [
    transformedKernel(builder, weight, constants),
    transformedInput(builder, convolution, constants, tiles),
  ];
  const sums = builder.apply("MatMul", factors, {}); // [N, products, Cout, tiles]
  const rows = builder.apply("Reshape", [sums], {
    shape: [batch, constants.products, outChannels * tiles[0] * tiles[1]],
  });
  const output = builder.constant(`${constants.name}_output`, constants.output);
  const pixels = builder.apply("MatMul", [output, rows], {}); // [N, blockSize², Cout · tiles]
  const whole = joinTiles(builder, pixels, blockSize, [
    batch,
    outChannels,
    tiles[0] * blockSize,
    tiles[1] * blockSize,
  ]);
  const cut = cropped(builder, whole, outHeight, outWidth);
  return bias === undefined
    ? cut
    : builder.apply("Add", [cut, builder.apply("Reshape", [bias], { shape: [outChannels, 1, 1] })], {});
}

/** The matrices of both sides together: B ⊗ B, G ⊗ G and A ⊗ A. */
interface Constants {
  /** Of the algorithm. */
  readonly name: string;
  readonly products: number;
  /** [products, side, side] */
  readonly input: Float32Array;
  /** [products, 9] */
  readonly kernel: Tensor;
  /** [blockSize², products] */
  readonly output: Tensor;
}

/** By the algorithm's name: every strip of every layer asks for the same few. */
const knownConstants = new Map<string, Constants>();

function constantsOf(algorithm: BilinearAlgorithm): Constants {
  const constants = knownConstants.get(algorithm.name) ?? makeConstants(algorithm);
  knownConstants.set(algorithm.name, constants);
  return constants;
}

function makeConstants({ name, matrices, blockSize }: BilinearAlgorithm): Constants {
  const kernel = kronecker(matrices.kernel, matrices.kernel);
  return {
    name,
    products: kernel.length,
    input: Float32Array.from(kronecker(matrices.input, matrices.input).flat()),
    kernel: matrixTensor(kernel),
    output: matrixTensor(byColumns(kronecker(matrices.output, matrices.output), blockSize)),
  };
}

/** [Cout, Cin, 3, 3] → [products, Cout, Cin] */
function transformedKernel(
  builder: GraphBuilder,
  weight: Value,
  { name, products, kernel }: Constants,
): Value {
  const [outChannels, inChannels] = weight.shape as [number, number];
  const rows = builder.apply("Reshape", [weight], { shape: [outChannels * inChannels, 9] });
  const columns = builder.apply("Transpose", [rows], { perm: [1, 0] });
  const product = builder.apply("MatMul", [builder.constant(`${name}_kernel`, kernel), columns], {});
  return builder.apply("Reshape", [product], { shape: [products, outChannels, inChannels] });
}

/**
 * [N, Cin, H, W] → [N, products, Cin, tiles]: a convolution of every channel alone, whose kernels are the outer products
 * of the input matrix' rows. The channels of one picture are a stack, which gives the products in the order in which they are
 * multiplied; those of several pictures go one by one, and ONNX Runtime folds the transposition into the product that follows.
 */
function transformedInput(
  builder: GraphBuilder,
  { x, top, left, algorithm: { stride, matrices } }: BilinearConvolution,
  { name, products, input }: Constants,
  [tileRows, tileColumns]: readonly [number, number],
): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const side = matrices.input[0]!.length;
  const bottom = (tileRows - 1) * stride + side - height - top;
  const right = (tileColumns - 1) * stride + side - width - left;
  const transform = (planes: Shape, kernel: Shape): Value => {
    const kernels = builder.constant(`${name}_input`, Tensor.from(input, kernel));
    return builder.apply("Conv", [builder.apply("Reshape", [x], { shape: planes }), kernels], {
      strides: [stride, stride],
      pads: [top, left, bottom, right],
    });
  };
  const reshape = (value: Value, shape: Shape): Value => builder.apply("Reshape", [value], { shape });
  const tiles = tileRows * tileColumns;
  if (batch === 1) {
    const stack = transform([1, 1, channels, height, width], [products, 1, 1, side, side]);
    return reshape(stack, [products, channels, tiles]); // of [1, products, Cin, tileRows, tileColumns]
  }
  const planes = transform([batch * channels, 1, height, width], [products, 1, side, side]);
  const flat = reshape(planes, [batch, channels, products, tiles]);
  return builder.apply("Transpose", [flat], { perm: [0, 2, 1, 3] });
}

function cropped(builder: GraphBuilder, x: Value, height: number, width: number): Value {
  if (x.shape[2] === height && x.shape[3] === width) return x;
  return builder.apply("Slice", [x], { axes: [2, 3], starts: [0, 0], ends: [height, width] });
}
