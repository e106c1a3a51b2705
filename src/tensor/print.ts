/** How a tensor shows itself: one line with its dtype, shape and range. */
import type { DataOf, DType } from "./dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half.ts";
import { formatShape, type Shape } from "./shape.ts";

/** What there is to show of a tensor. */
interface Described {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: DataOf<DType>;
}

/** Reads one stored element as a number. */
const toNumber: { [D in DType]: (element: number | bigint) => number } = {
  float32: Number,
  float64: Number,
  float16: (element) => float16ToFloat32(Number(element)),
  bfloat16: (element) => bfloat16ToFloat32(Number(element)),
  int64: Number,
  uint8: Number,
};

/** `Tensor float32 [1, 4, 8, 8], -2.31 … 2.75, mean 0.012` (and the count of NaN or infinite elements). */
export function summarize(tensor: Described): string {
  const head = `Tensor ${tensor.dtype} ${formatShape(tensor.shape)}`;
  if (tensor.data.length === 0) return `${head}, empty`;
  const { min, max, mean, nonFinite } = rangeOf(tensor);
  const broken = nonFinite > 0 ? `, ${nonFinite} not finite` : "";
  if (nonFinite === tensor.data.length) return head + broken;
  return `${head}, ${formatNumber(min)} … ${formatNumber(max)}, mean ${formatNumber(mean)}${broken}`;
}

function rangeOf(tensor: Described): { min: number; max: number; mean: number; nonFinite: number } {
  const read = toNumber[tensor.dtype];
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let nonFinite = 0;
  for (const element of tensor.data) {
    const value = read(element);
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  return { min, max, mean: sum / (tensor.data.length - nonFinite), nonFinite };
}

/** Four significant digits, without trailing zeros. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
