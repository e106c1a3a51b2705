/**
 * Nearest-neighbour upsampling by 2 and a 3x3 convolution with 9 multiplications for four outputs, where the folded form
 * has 16 and the plain one 36.
 *
 * Along one side, the two outputs over pixel x₀ are w₀ x₋ + (w₁ + w₂) x₀ and (w₀ + w₁) x₀ + w₂ x₊. With s = w₀ + w₁ + w₂ that
 * is s x₀ - w₀ (x₀ - x₋) and s x₀ + w₂ (x₊ - x₀): three products instead of four, and no division.
 */
import type { Node, NodeOf, Value } from "../graph/index.ts";
import type { WinogradMatrices } from "../nn/index.ts";
import type { BilinearAlgorithm } from "./bilinear-algorithm.ts";

const matrices: WinogradMatrices = {
  // x₀, x₀ - x₋, x₊ - x₀
  input: [
    [0, 1, 0],
    [-1, 1, 0],
    [0, -1, 1],
  ],
  // s, w₀, w₂
  kernel: [
    [1, 1, 1],
    [1, 0, 0],
    [0, 0, 1],
  ],
  output: [
    [1, -1, 0],
    [1, 0, 1],
  ],
};

/** The transforms are more than twice as large as the result, so this is for pictures in strips. */
export const upsamplingByDifferences: BilinearAlgorithm = {
  name: "upsampling",
  form: { kind: "upsampling by differences" },
  matrices,
  stride: 1,
  blockSize: 2,
};

/**
 * What a 3x3 convolution reads upsampled by 2, as a whole or some rows of it, and how many rows of zeros lie above it; undefined
 * where it reads something else, or its outputs are not pairs of rows.
 */
export function upsampledBefore(
  conv: NodeOf<"Conv">,
  producerOf: (value: Value) => Node | undefined,
): { x: Value; top: number } | undefined {
  const reader = producerOf(conv.inputs[0]!);
  const slice = reader?.operator === "Slice" ? reader : undefined;
  if (slice !== undefined && slice.attributes.axes.join() !== "2") return undefined;
  const resize = slice === undefined ? reader : producerOf(slice.inputs[0]!);
  if (resize?.operator !== "Resize" || resize.attributes.scales.some((scale) => scale !== 2))
    return undefined;
  const x = resize.inputs[0]!;
  const [padTop, padLeft, , padRight] = conv.attributes.pads;
  // The upsampled row over which the first output lies, and the pixel of which it is one half.
  const firstRow = (slice?.attributes.starts[0] ?? 0) - padTop + 1;
  const top = 1 - firstRow / 2;
  const rows = conv.output.shape[2]! / 2;
  const bottom = rows + 2 - top - x.shape[2]!;
  const isPaired = [top, bottom].every((zeros) => zeros === 0 || zeros === 1) && Number.isInteger(rows);
  return isPaired && padLeft === 1 && padRight === 1 ? { x, top } : undefined;
}
