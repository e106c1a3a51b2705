/** Reads the VAE of a single safetensors file, wherever it is: original or diffusers' names, bare or inside a whole checkpoint. */
import type { VaeModel } from "../models/index.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { selectVaeNames, type NamingScheme } from "./key-names.ts";
import { isPickleContent, misnamedWarning } from "./pickle.ts";
import { pickledFileError } from "./pickled-file.ts";
import { parseSafetensors } from "./safetensors.ts";
import { modelOfFile } from "./single-file.ts";

/** What a single file holds. */
export interface SingleFile {
  /** The class whose tensors they are. */
  readonly model: VaeModel;
  /** Its tensors under diffusers' names. */
  readonly checkpoint: Checkpoint;
  /** Whose names the file itself uses. */
  readonly kind: NamingScheme;
  /** What is odd about the file but no error. */
  readonly warnings: readonly string[];
}

/**
 * Its content says what it is, not its name.
 *
 * @param like the class that it is taken for where its content leaves that open.
 * @throws UNSUPPORTED when it is a pickle, INVALID_FILE when it is not safetensors or holds no VAE.
 */
export async function loadFileSource(source: ByteSource, like?: VaeModel): Promise<SingleFile> {
  const { name } = source;
  if (await isPickleContent(source)) throw await pickledFileError(name, source);
  const { tensors, metadata } = await parseSafetensors(source, { select: selectVaeNames });
  const found = await modelOfFile(tensors, name, like);
  return {
    model: found.model,
    checkpoint: { tensors: found.tensors, metadata },
    kind: found.scheme,
    warnings: [misnamedWarning(name) ?? []].flat(),
  };
}
