/** .safetensors files with tensors of any dtype of the format, also of those that vaekit has no arrays for. */
import type { Tensor } from "../src/node/index.ts";

/** A tensor as a file has it. */
export interface RawTensor {
  /** The format's name: "F32", "I32", "BOOL". */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** float32 tensors as a file has them. */
export function rawTensors(tensors: Iterable<readonly [string, Tensor]>): Map<string, RawTensor> {
  return new Map(
    [...tensors].map(([name, { shape, bytes }]) => [
      name,
      { dtype: "F32", shape, bytes: new Uint8Array(bytes) },
    ]),
  );
}

/** The file's bytes, tensors in the order given. */
export function rawSafetensors(tensors: ReadonlyMap<string, RawTensor>): Uint8Array {
  let end = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, bytes }]) => {
      const begin = end;
      end += bytes.byteLength;
      return [name, { dtype, shape, data_offsets: [begin, end] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  return new Uint8Array(Buffer.concat([length, json, ...[...tensors.values()].map(({ bytes }) => bytes)]));
}
