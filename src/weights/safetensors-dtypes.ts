/** The element types of the safetensors format, and the ones among them that we have a host dtype for. */
import type { DType } from "../tensor/dtype.ts";

/** Bits per element of every dtype that the format knows; some are smaller than a byte. */
export const bitsOfStoredDType: ReadonlyMap<string, number> = new Map([
  ...["F4"].map((name) => [name, 4] as const),
  ...["F6_E2M3", "F6_E3M2"].map((name) => [name, 6] as const),
  ...["BOOL", "U8", "I8"].map((name) => [name, 8] as const),
  ...["F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"].map((name) => [name, 8] as const),
  ...["I16", "U16", "F16", "BF16"].map((name) => [name, 16] as const),
  ...["I32", "U32", "F32"].map((name) => [name, 32] as const),
  ...["F64", "I64", "U64", "C64"].map((name) => [name, 64] as const),
]);

/** The format's name of each of our dtypes, in the order in which its writers lay them out in a file. */
export const storedDTypes: { readonly [D in DType]: string } = {
  int64: "I64",
  float64: "F64",
  float32: "F32",
  bfloat16: "BF16",
  float16: "F16",
  uint8: "U8",
};

/** The format's names that we can read. */
export const readableDTypes: ReadonlyMap<string, DType> = new Map(
  (Object.keys(storedDTypes) as DType[]).map((dtype) => [storedDTypes[dtype], dtype]),
);
