/** A bilinear algorithm's convolution of pictures [N, C, H, W]. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { joinTiles } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  asPart,
  constantsOf,
  padsOf,
  tileCountOf,
  type BilinearConstants,
  type BilinearConvolution,
  type TileCount,
} from "./bilinear-algorithm.ts";

/** → [N, Cout, H', W'] */
export function bilinearConv2d(builder: GraphBuilder, convolution: BilinearConvolution): Value {
  const { weight, bias, size, algorithm } = convolution;
  const [batch, outChannels, outHeight, outWidth] = size as [number, number, number, number];
  const { blockSize } = algorithm;
  const constants = constantsOf(algorithm);
  const tiles = tileCountOf(convolution);
  const factors = [
    transformedKernel(builder, weight, constants),
    transformedInput(builder, convolution, constants, tiles),
  ];
  const sums = asPart(builder, algorithm, "product", () => builder.apply("MatMul", factors, {})); // [N, products, Cout, tiles]
  const rows = builder.apply("Reshape", [sums], {
    shape: [batch, constants.products, outChannels * tiles[0] * tiles[1]],
  });
  const output = builder.constant(`${constants.name}_output`, constants.outputByColumns);
  const pixels = asPart(builder, algorithm, "output", () => builder.apply("MatMul", [output, rows], {})); // [N, blockSize², Cout · tiles]
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

/** [Cout, Cin, 3, 3] → [products, Cout, Cin] */
export function transformedKernel(
  builder: GraphBuilder,
  weight: Value,
  { name, products, kernel }: BilinearConstants,
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
  convolution: BilinearConvolution,
  { name, products, input }: BilinearConstants,
  tileCount: TileCount,
): Value {
  const { x, algorithm } = convolution;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const side = algorithm.matrices.input[0]!.length;
  const transform = (planes: Shape, kernel: Shape): Value => {
    const kernels = builder.constant(`${name}_input`, Tensor.from(input, kernel));
    const stack = builder.apply("Reshape", [x], { shape: planes });
    const strides = [algorithm.stride, algorithm.stride] as const;
    const pads = padsOf(convolution, [height, width], tileCount);
    return asPart(builder, algorithm, "input", () =>
      builder.apply("Conv", [stack, kernels], { strides, pads }),
    );
  };
  const reshape = (value: Value, shape: Shape): Value => builder.apply("Reshape", [value], { shape });
  const tiles = tileCount[0] * tileCount[1];
  if (batch === 1) {
    const stack = transform([1, 1, channels, height, width], [products, 1, 1, side, side]);
    return reshape(stack, [products, channels, tiles]); // of [1, products, Cin, tileRows, tileColumns]
  }
  const planes = transform([batch * channels, 1, height, width], [products, 1, side, side]);
  const flat = reshape(planes, [batch, channels, products, tiles]);
  return asPart(builder, algorithm, "product", () =>
    builder.apply("Transpose", [flat], { perm: [0, 2, 1, 3] }),
  );
}

function cropped(builder: GraphBuilder, x: Value, height: number, width: number): Value {
  if (x.shape[2] === height && x.shape[3] === width) return x;
  return builder.apply("Slice", [x], { axes: [2, 3], starts: [0, 0], ends: [height, width] });
}
