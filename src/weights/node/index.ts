/** Checkpoints on disk, for Node. */
export { removePartialFiles, writeFileAtomic, type FileContent } from "./atomic-write.ts";
export { openFileSource, type FileSource } from "./file-source.ts";
export {
  loadDiffusersFolder,
  loadSingleFile,
  type DiffusersFolder,
  type LoadDiffusersFolderOptions,
} from "./load-checkpoint.ts";
export { readSafetensorsFile, writeSafetensorsFile } from "./safetensors-file.ts";
