/** The element types of host tensors and the typed array that holds each. */

/** The element type of a tensor. */
export type DType = "float32" | "float64" | "float16" | "bfloat16" | "int64" | "uint8";

/** What each dtype is made of. `float16` and `bfloat16` are held as their bits. */
export const dtypes = {
  float32: { bytesPerElement: 4, array: Float32Array },
  float64: { bytesPerElement: 8, array: Float64Array },
  float16: { bytesPerElement: 2, array: Uint16Array },
  bfloat16: { bytesPerElement: 2, array: Uint16Array },
  int64: { bytesPerElement: 8, array: BigInt64Array },
  uint8: { bytesPerElement: 1, array: Uint8Array },
} as const satisfies { readonly [D in DType]: object };

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

/** The dtype of each class of typed arrays that has one reading; where Float16Array exists, its bits are a float16's. */
const dtypeOfClass = {
  Float32Array: "float32",
  Float64Array: "float64",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Float16Array: "float16",
} as const satisfies Record<string, DType>;

/** The class of a typed array, also of one of another realm (a frame, node:vm); undefined for anything else. */
export function arrayClass(data: unknown): string | undefined {
  return ArrayBuffer.isView(data) && !(data instanceof DataView)
    ? data[Symbol.toStringTag as never]
    : undefined;
}

/** The dtype that a typed array holds, or undefined where its bits have two readings (Uint16Array). */
export function dtypeOfArray(data: unknown): DType | undefined {
  const name = arrayClass(data);
  return name !== undefined && name in dtypeOfClass
    ? dtypeOfClass[name as keyof typeof dtypeOfClass]
    : undefined;
}

/**
 * The same memory as the array that a tensor of `dtype` holds: `data` itself, or a view of this realm.
 *
 * @returns undefined when the array is of another class.
 */
export function arrayOf<D extends DType>(data: unknown, dtype: D): DataOf<D> | undefined {
  const { array } = dtypes[dtype];
  if (data instanceof array) return data as DataOf<D>;
  const name = arrayClass(data);
  if (name !== array.name && !(name === "Float16Array" && dtype === "float16")) return undefined;
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new array(buffer as ArrayBuffer, byteOffset, length) as DataOf<D>;
}
