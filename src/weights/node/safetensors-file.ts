/** Whole .safetensors files, in and out of memory. */
import type { Tensor } from "../../tensor/tensor.ts";
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
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata), options);
}

/**
 * Reads every tensor of a .safetensors file, in the order in which they lie in the file.
 *
 * @throws NOT_FOUND, IO, INVALID_FILE.
 */
export async function readSafetensorsFile(
  path: string,
): Promise<{ tensors: Map<string, Tensor>; metadata: Readonly<Record<string, string>> }> {
  const { tensors: stored, metadata } = await parseSafetensors(await openFileSource(path));
  const inFileOrder = [...stored.values()].sort((a, b) => a.byteOffset - b.byteOffset);
  const tensors = new Map<string, Tensor>();
  for (const tensor of inFileOrder) tensors.set(tensor.name, await readTensor(tensor));
  return { tensors, metadata };
}
