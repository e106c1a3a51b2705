/** Finds NaN and infinities in tensors: what a model makes of damaged weights, or of values beyond its dtype. */
import type { DataOf, DType } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/** The bits of an exponent of all ones: NaN or an infinity. */
const fullExponent = { float16: 0x7c00, bfloat16: 0x7f80 } as const;

/** Elements that are looked at together: few enough that the place is found at once, many enough for a fast loop. */
const blockSize = 4096;

/** The place of the first element that is NaN or infinite, in reading order; undefined where all are finite. */
export function firstNonFinite({ dtype, data }: Tensor): number | undefined {
  const index = finders[dtype](data as never);
  return index < 0 ? undefined : index;
}

const finders: { readonly [D in DType]: (data: DataOf<D>) => number } = {
  float32: findInFloats,
  float64: findInFloats,
  float16: (data) => data.findIndex((bits) => (bits & fullExponent.float16) === fullExponent.float16),
  bfloat16: (data) => data.findIndex((bits) => (bits & fullExponent.bfloat16) === fullExponent.bfloat16),
  int64: () => -1,
  uint8: () => -1,
};

function findInFloats(data: Float32Array | Float64Array): number {
  for (let start = 0; start < data.length; start += blockSize) {
    const end = Math.min(start + blockSize, data.length);
    // Zero for a finite number, NaN for any other, and a sum keeps it: no branch in the loop.
    let sum = 0;
    for (let i = start; i < end; i++) sum += data[i]! * 0;
    if (Number.isNaN(sum)) return start + data.subarray(start, end).findIndex((x) => !Number.isFinite(x));
  }
  return -1;
}
