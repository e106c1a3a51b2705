/** The files of a model's folder as diffusers writes them: its weights, config.json, and what lies beside them. */
import { likelihoodFileName } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { encodeSafetensors, weightFileNames } from "../weights/index.ts";

/** What of a model is saved. */
export interface SaveableModel {
  configText(): string;
  stateDict(): Promise<Map<string, Tensor>>;
  likelihoodFile(): Promise<
    { readonly tensors: Map<string, Tensor>; readonly metadata: Readonly<Record<string, string>> } | undefined
  >;
}

/**
 * The content of each file by its name, in the order in which they are best written: a folder with a config.json is whole.
 *
 * @throws IO when the weights cannot be read; DISPOSED; UNSUPPORTED for two halves with configs of their own.
 */
export async function savedContents(model: SaveableModel): Promise<Map<string, Uint8Array[]>> {
  const config = new TextEncoder().encode(model.configText());
  const tensors = await model.stateDict();
  const likelihood = await model.likelihoodFile();
  const files = new Map([[weightFileNames(undefined).whole, encodeSafetensors(tensors, { format: "pt" })]]);
  if (likelihood !== undefined) {
    files.set(likelihoodFileName, encodeSafetensors(likelihood.tensors, likelihood.metadata));
  }
  return files.set("config.json", [config]);
}
