/** Tensors that lie in a file: what they are and where their bytes are, without reading them. */
import { bytesInMemory, type ByteSource } from "./byte-source.ts";
import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor's place in a file, in row-major, little-endian order. */
interface TensorPlace {
  /** Its name in the file. */
  readonly name: string;
  /** Its shape. */
  readonly shape: Shape;
  /** The file, or what stands for it. */
  readonly source: ByteSource;
  /** Where its first byte is in `source`. */
  readonly byteOffset: number;
  /** How many bytes it has. */
  readonly byteLength: number;
}

/** A tensor that can be read from its file. */
export interface StoredTensor extends TensorPlace {
  /** The dtype of its elements. */
  readonly dtype: DType;
}

/**
 * A tensor of a dtype that vaekit has no arrays for, such as int32 or float8. It is in the file and counts as
 * such; only who needs its numbers refuses it.
 */
export interface UnreadTensor extends TensorPlace {
  /** None that vaekit computes with. */
  readonly dtype: undefined;
  /** The file format's name of its dtype. */
  readonly storedDType: string;
}

/** Whatever a file may hold. */
export type FoundTensor = StoredTensor | UnreadTensor;

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
