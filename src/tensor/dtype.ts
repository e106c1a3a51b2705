/** The element types of host tensors and the typed array that holds each. */

/** What each dtype is made of. `float16` and `bfloat16` are held as their bits. */
export const dtypes = {
  float32: { bytesPerElement: 4, array: Float32Array },
  float64: { bytesPerElement: 8, array: Float64Array },
  float16: { bytesPerElement: 2, array: Uint16Array },
  bfloat16: { bytesPerElement: 2, array: Uint16Array },
  int64: { bytesPerElement: 8, array: BigInt64Array },
  uint8: { bytesPerElement: 1, array: Uint8Array },
} as const;

/** The element type of a tensor. */
export type DType = keyof typeof dtypes;

interface Arrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
}

/** The typed array that holds elements of dtype `D`. */
export type DataOf<D extends DType> = Arrays[D];

/** The number of bytes that one element of `dtype` takes. */
export function bytesPerElement(dtype: DType): number {
  return dtypes[dtype].bytesPerElement;
}

/** The dtype that a typed array holds, or undefined where its bits have two readings (Uint16Array). */
export function dtypeOfArray(data: DataOf<DType>): DType | undefined {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Uint8Array) return "uint8";
  return undefined;
}
