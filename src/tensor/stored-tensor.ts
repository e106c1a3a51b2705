/** Tensors that lie in a file: what they are and where their bytes are, without reading them. */
import { bytesInMemory, type ByteSource } from "./byte-source.ts";
import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor's place in a file, in row-major, little-endian order. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly source: ByteSource;
  /** Where its first byte is in `source`. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** A tensor that lies in memory, as one that is stored. */
export function storeInMemory(name: string, { dtype, shape, bytes }: Tensor): StoredTensor {
  return {
    name,
    dtype,
    shape,
    source: bytesInMemory(bytes, name),
    byteOffset: 0,
    byteLength: bytes.byteLength,
  };
}
