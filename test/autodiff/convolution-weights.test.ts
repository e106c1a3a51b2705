/**
 * The gradient of a convolution's weights has a formulation for small pictures, one for large ones and one for
 * strides: each must be what the definition gives.
 */
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/index.ts";
import { GraphBuilder, type Extent, type Pads } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

interface Layer {
  readonly channels: readonly [input: number, output: number];
  readonly size: Extent;
  readonly kernel: Extent;
  readonly strides: Extent;
  readonly pads: Pads;
}

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

/** The gradient of Σ conv(x, w) · dy with respect to w. */
async function weightGradient(layer: Layer, x: Tensor<"float32">, seed: number): Promise<Tensor> {
  const [input, output] = layer.channels;
  const builder = new GraphBuilder("convolution");
  const picture = builder.input("x", "float32", x.shape);
  const weight = builder.input("w", "float32", [output, input, ...layer.kernel]);
  const y = builder.apply("Conv", [picture, weight], { strides: layer.strides, pads: layer.pads });
  const dy = Generator.philox(seed).randn([...y.shape]);
  const gradient = builder.input("dy", "float32", y.shape);
  const [result] = gradients(builder, [{ value: y, gradient }], [weight]);
  const session = await runtime.createSession(builder.build({ result: result!, y }));
  const results = await session.run({ x, w: Tensor.zeros(weight.shape), dy });
  return results["result"]!;
}

describe("the gradient of a convolution's weights", () => {
  const cases: [string, Layer][] = [
    ["small", { channels: [24, 20], size: [4, 5], kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }],
    ["large", { channels: [3, 2], size: [17, 12], kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }],
    [
      "large and uneven",
      { channels: [2, 3], size: [9, 14], kernel: [4, 3], strides: [1, 1], pads: [1, 2, 0, 0] },
    ],
    [
      "large with wide pads",
      { channels: [2, 2], size: [8, 9], kernel: [2, 3], strides: [1, 1], pads: [1, 2, 1, 2] },
    ],
    [
      "small with a stride",
      { channels: [24, 20], size: [6, 6], kernel: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
    ],
    [
      "large with a stride",
      { channels: [3, 2], size: [18, 12], kernel: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1] },
    ],
    [
      "one pixel wide",
      { channels: [5, 4], size: [6, 7], kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
    ],
  ];
  test.each(cases)("%s: agrees with sums written out", async (_, layer) => {
    const x = Generator.philox(1).randn([2, layer.channels[0], ...layer.size]);
    const found = await weightGradient(layer, x, 2);
    expect(found).toBeAllclose(writtenOut(layer, x, 2), { absolute: 1e-4 });
  });
});

/** The definition: dW[o, i, r, c] = Σ dy[n, o, h, w] · x[n, i, h · stride + r - pad, w · stride + c - pad]. */
function writtenOut(layer: Layer, x: Tensor<"float32">, seed: number): Tensor<"float32"> {
  const { channels, size, kernel, strides, pads } = layer;
  const [inputs, outputs] = channels;
  const height = Math.floor((size[0] + pads[0] + pads[2] - kernel[0]) / strides[0]) + 1;
  const width = Math.floor((size[1] + pads[1] + pads[3] - kernel[1]) / strides[1]) + 1;
  const batch = x.shape[0]!;
  const dy = Generator.philox(seed).randn([batch, outputs, height, width]);
  const pixel = (n: number, channel: number, row: number, column: number): number =>
    row < 0 || row >= size[0] || column < 0 || column >= size[1]
      ? 0
      : x.data[((n * inputs + channel) * size[0] + row) * size[1] + column]!;
  const sums = new Float32Array(outputs * inputs * kernel[0] * kernel[1]).map((_, index) => {
    const tapColumn = index % kernel[1];
    const tapRow = Math.floor(index / kernel[1]) % kernel[0];
    const input = Math.floor(index / (kernel[0] * kernel[1])) % inputs;
    const output = Math.floor(index / (kernel[0] * kernel[1] * inputs));
    let sum = 0;
    for (let n = 0; n < batch; n++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          const source = pixel(
            n,
            input,
            row * strides[0] + tapRow - pads[0],
            column * strides[1] + tapColumn - pads[1],
          );
          sum += dy.data[((n * outputs + output) * height + row) * width + column]! * source;
        }
    return sum;
  });
  return Tensor.from(sums, [outputs, inputs, ...kernel]);
}
