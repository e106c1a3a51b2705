/** Nearest-neighbour upsampling by 2 and a 3x3 convolution. */
import type { GraphBuilder, Pads, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ModuleContext } from "./context.ts";
import { conv2d } from "./layers.ts";

/**
 * `factor` times the height and width, each pixel repeated, then a 3x3 convolution, of as many channels and with bias unless
 * the options say otherwise.
 */
export function upsampleConv2d(
  context: ModuleContext,
  name: string,
  x: Value,
  options: { readonly outChannels?: number; readonly factor?: number; readonly bias?: boolean } = {},
): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  const { outChannels = channels, factor = 2, bias: hasBias = true } = options;
  const repeated = builder.apply("Resize", [x], { scales: [factor, factor] });
  const plain = conv2d(context, name, repeated, { outChannels, kernelSize: 3, bias: hasBias });
  if (context.isTraining !== true || factor !== 2) return plain;
  const weight = context.parameter(`${name}.weight`, [outChannels, channels, 3, 3]);
  const bias = hasBias ? context.parameter(`${name}.bias`, [outChannels]) : undefined;
  const output = foldedUpsampleConv2d(builder, x, weight, bias);
  builder.knowGradient({ inputs: [plain], output, rule: (gradient) => [gradient] });
  return output;
}

/**
 * The same function as four 2x2 convolutions of the small picture, one for each parity of row and column, with the
 * taps added up that read the same pixel: four multiplications instead of nine.
 *
 * @param x [N, Cin, H, W]
 * @param weight [Cout, Cin, 3, 3]
 * @param bias [Cout]
 * @returns [N, Cout, 2H, 2W]
 */
export function foldedUpsampleConv2d(builder: GraphBuilder, x: Value, weight: Value, bias?: Value): Value {
  const reshape = (value: Value, shape: Shape): Value => builder.apply("Reshape", [value], { shape });
  const [batch, inChannels, height, width] = x.shape as [number, number, number, number];
  const outChannels = weight.shape[0]!;
  const taps = reshape(weight, [outChannels * inChannels, 9]);
  const phase = (row: Parity, column: Parity): Value => {
    const sums = builder.constant(`upsampling_taps_${row}${column}`, upsamplingTapSums(row, column));
    const kernel = reshape(builder.apply("MatMul", [taps, sums], {}), [outChannels, inChannels, 2, 2]);
    const pads: Pads = [1 - row, 1 - column, row, column];
    const inputs = bias === undefined ? [x, kernel] : [x, kernel, bias];
    const form = { kind: "folded upsampling" } as const;
    return builder.labelled({ convolution: { form, part: "product" } }, () =>
      builder.apply("Conv", inputs, { strides: [1, 1], pads }),
    );
  };
  /** Puts the elements of two values in turns along an axis; `shape` is that of either, with an axis of 1 there. */
  const interleaved = (a: Value, b: Value, shape: Shape, axis: number): Value =>
    builder.apply("Concat", [reshape(a, shape), reshape(b, shape)], { axis });
  const rows = parities.map((row) =>
    interleaved(phase(row, 0), phase(row, 1), [batch, outChannels, height, width, 1], 4),
  );
  const joined = interleaved(rows[0]!, rows[1]!, [batch, outChannels, height, 1, 2 * width], 3);
  return reshape(joined, [batch, outChannels, 2 * height, 2 * width]);
}

const parities = [0, 1] as const;
type Parity = (typeof parities)[number];

/** [9, 4]: which taps of a 3x3 kernel read which of the four pixels that a phase of the upsampled picture sees. */
function upsamplingTapSums(row: Parity, column: Parity): Tensor<"float32"> {
  const sources = [
    [0, 1, 1],
    [0, 0, 1],
  ] as const;
  const data = new Float32Array(9 * 4);
  for (let tap = 0; tap < 9; tap++) {
    const source = sources[row][Math.floor(tap / 3)]! * 2 + sources[column][tap % 3]!;
    data[tap * 4 + source] = 1;
  }
  return Tensor.from(data, [9, 4]);
}
