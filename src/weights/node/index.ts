/** Checkpoints on disk, for Node. */
export { loadDiffusersFolder, loadSingleFile, type LoadDiffusersFolderOptions } from "./load-checkpoint.ts";
export { readSafetensorsFile, writeSafetensorsFile, type SafetensorsContent } from "./safetensors-file.ts";
