/** What is found at a model's place: a folder's files, or a single file. */
import type { ByteSource } from "../tensor/byte-source.ts";
import type { ModelFiles } from "../weights/index.ts";

/** A folder as diffusers writes it. */
export interface FoundFolder {
  /** What to call the model. */
  readonly name: string;
  readonly files: ModelFiles;
  /** What is odd about the choice of this folder. */
  readonly warnings: readonly string[];
}

/** Weights alone, or with a config that does not lie beside them as diffusers has it. */
export interface FoundFile {
  /** What to call the model. */
  readonly name: string;
  readonly source: ByteSource;
  /** A config.json that was given with the weights. */
  readonly config?: ByteSource | undefined;
}

export type FoundModel = FoundFolder | FoundFile;

/** Files of a folder, of which each is opened once. */
export function openedOnce(files: ModelFiles): ModelFiles {
  const opened = new Map<string, Promise<ByteSource>>();
  const open = (file: string): Promise<ByteSource> => {
    const source = opened.get(file) ?? files.open(file);
    opened.set(file, source);
    return source;
  };
  return { name: files.name, names: files.names, pathOf: (file) => files.pathOf(file), open };
}
