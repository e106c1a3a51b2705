/**
 * A bilinear algorithm's convolution of a picture [1, H, W, C]. The channels of a pixel lie together, so tiles are taken out
 * of the picture and put into it in runs of channels, which are copied, and not number by number.
 */
import type { GraphBuilder, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  asPart,
  constantsOf,
  padsOf,
  tileCountOf,
  type BilinearAlgorithm,
  type BilinearConstants,
  type BilinearConvolution,
  type TileCount,
} from "./bilinear-algorithm.ts";
import { transformedKernel } from "./bilinear-conv2d.ts";

/** → [1, H', W', Cout] */
export function bilinearConv2dChannelsLast(builder: GraphBuilder, convolution: BilinearConvolution): Value {
  const { weight, bias, size, algorithm } = convolution;
  const [, outChannels, outHeight, outWidth] = size as [number, number, number, number];
  const { blockSize } = algorithm;
  const constants = constantsOf(algorithm);
  const tileCount = tileCountOf(convolution);
  const [tileRows, tileColumns] = tileCount;
  const reshape = (value: Value, shape: Shape): Value => builder.apply("Reshape", [value], { shape });

  const tiles = transformedInput(builder, convolution, constants, tileCount); // [products, T, Cin]
  const blocks = blocksOf(builder, tiles, weight, algorithm); // [blockSize², T, Cout]
  const pixels = reshape(blocks, [blockSize, blockSize, tileRows, tileColumns, outChannels]);
  const rows = builder.apply("Transpose", [pixels], { perm: [2, 0, 3, 1, 4] });
  const whole = reshape(rows, [1, tileRows * blockSize, tileColumns * blockSize, outChannels]);
  const cut = cropped(builder, whole, outHeight, outWidth);
  return bias === undefined ? cut : builder.apply("Add", [cut, bias], {});
}

/** The channels are a stack along the last axis: [1, H, W, Cin] → [products, T, Cin] */
function transformedInput(
  builder: GraphBuilder,
  convolution: BilinearConvolution,
  { name, products, input }: BilinearConstants,
  tileCount: TileCount,
): Value {
  const { x, algorithm } = convolution;
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const side = algorithm.matrices.input[0]!.length;
  const stack = builder.apply("Reshape", [x], { shape: [1, 1, height, width, channels] });
  const kernels = builder.constant(`${name}_input`, Tensor.from(input, [products, 1, side, side, 1]));
  const strides = [algorithm.stride, algorithm.stride] as const;
  const pads = padsOf(convolution, [height, width], tileCount);
  const transformed = asPart(builder, algorithm, "input", () =>
    builder.apply("Conv", [stack, kernels], { strides, pads }),
  ); // [1, products, tileRows, tileColumns, Cin]
  return builder.apply("Reshape", [transformed], {
    shape: [products, tileCount[0] * tileCount[1], channels],
  });
}

/**
 * [products, T, Cin] → [blockSize², T, Cout]. A product brings its right factor into another order first. That is the tiles
 * where there are fewer of them than channels, and the blocks, fewer than the products, are transposed.
 */
function blocksOf(builder: GraphBuilder, tiles: Value, weight: Value, algorithm: BilinearAlgorithm): Value {
  const constants = constantsOf(algorithm);
  const [products, tileCount] = tiles.shape as [number, number, number];
  const outChannels = weight.shape[0]!;
  const output = builder.constant(`${constants.name}_output`, constants.output);
  const blockPixels = output.shape[0]!;
  const part = (name: "product" | "output", body: () => Value): Value =>
    asPart(builder, algorithm, name, body);
  const transposed = (value: Value): Value => builder.apply("Transpose", [value], { perm: [0, 2, 1] });
  const product = (left: Value, right: Value): Value => builder.apply("MatMul", [left, right], {});
  const blocks = (sums: Value, shape: Shape): Value => {
    const rows = builder.apply("Reshape", [sums], { shape: [products, tileCount * outChannels] });
    return builder.apply("Reshape", [part("output", () => product(output, rows))], { shape });
  };
  if (tileCount < outChannels) {
    const kernel = transformedKernel(builder, weight, constants); // [products, Cout, Cin]
    const sums = part("product", () => product(kernel, transposed(tiles)));
    return part("output", () => transposed(blocks(sums, [blockPixels, outChannels, tileCount])));
  }
  const kernel = transformedKernelChannelsFirst(builder, weight, constants); // [products, Cin, Cout]
  return blocks(
    part("product", () => product(tiles, kernel)),
    [blockPixels, tileCount, outChannels],
  );
}

/** [Cout, Cin, 3, 3] → [products, Cin, Cout] */
function transformedKernelChannelsFirst(
  builder: GraphBuilder,
  weight: Value,
  { name, kernel }: BilinearConstants,
): Value {
  const [outChannels, inChannels] = weight.shape as [number, number];
  const rows = builder.apply("Reshape", [weight], { shape: [outChannels, inChannels * 9] });
  const turned = builder.apply("Transpose", [rows], { perm: [1, 0] }); // [Cin · 9, Cout]
  const taps = builder.apply("Reshape", [turned], { shape: [inChannels, 9, outChannels] });
  const product = builder.apply("MatMul", [builder.constant(`${name}_kernel`, kernel), taps], {}); // [Cin, products, Cout]
  return builder.apply("Transpose", [product], { perm: [1, 0, 2] });
}

function cropped(builder: GraphBuilder, x: Value, height: number, width: number): Value {
  if (x.shape[1] === height && x.shape[2] === width) return x;
  return builder.apply("Slice", [x], { axes: [1, 2], starts: [0, 0], ends: [height, width] });
}
