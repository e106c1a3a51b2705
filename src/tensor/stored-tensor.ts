/** Tensors that lie in a file: what they are and where their bytes are, without reading them. */
import type { ByteSource } from "./byte-source.ts";
import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";

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
