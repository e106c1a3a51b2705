/** A checkpoint: named tensors that still lie in their file or files, and what the file says about itself. */
import type { FoundTensor } from "../tensor/stored-tensor.ts";

/** The tensors of one model by name; nothing but their description is in memory. */
export interface Checkpoint {
  /** The tensors by their names in the file. */
  readonly tensors: ReadonlyMap<string, FoundTensor>;
  /** The file's own notes; Python writes `{ format: "pt" }`. */
  readonly metadata: Readonly<Record<string, string>>;
}
