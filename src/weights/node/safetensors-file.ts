/** Whole .safetensors files, in and out of memory. */
import type { Tensor } from "../../tensor/tensor.ts";
import { checkPath } from "../../util/check-options.ts";
import { encodeSafetensors, parseSafetensors, readTensor } from "../safetensors.ts";
import { writeFileAtomic, openFileSource, type WriteOptions } from "../../files/node/index.ts";

/**
 * Writes tensors as a .safetensors file, whole or not at all.
 *
 * @param metadata notes for the header; pass `{ format: "pt" }` for files that PyTorch programs will load.
 * @throws IO, where `writeFileAtomic` does, and INVALID_ARGUMENT on a name that occurs twice.
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: Iterable<readonly [string, Tensor]>,
  metadata?: Readonly<Record<string, string>>,
  options: WriteOptions = {},
): Promise<void> {
  checkPath("writeSafetensorsFile", path, "a path");
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata), options);
}

/** Everything in a .safetensors file. */
export interface SafetensorsContent {
  /** The tensors, in the order in which they lie in the file. */
  readonly tensors: Map<string, Tensor>;
  /** Tensors of dtypes that vaekit does not read: their names, and the format's names of their dtypes. */
  readonly unread: ReadonlyMap<string, string>;
  /** The file's own notes. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads every tensor of a .safetensors file whose dtype is F32, F64, F16, BF16, I64 or U8.
 *
 * @throws NOT_FOUND, IO, INVALID_FILE.
 */
export async function readSafetensorsFile(path: string): Promise<SafetensorsContent> {
  checkPath("readSafetensorsFile", path, "a path");
  const { tensors: found, metadata } = await parseSafetensors(await openFileSource(path));
  const inFileOrder = [...found.values()].sort((a, b) => a.byteOffset - b.byteOffset);
  const tensors = new Map<string, Tensor>();
  const unread = new Map<string, string>();
  for (const each of inFileOrder) {
    if (each.dtype === undefined) unread.set(each.name, each.storedDType);
    else tensors.set(each.name, await readTensor(each));
  }
  return { tensors, unread, metadata };
}
