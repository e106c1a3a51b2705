/** Checkpoints: the safetensors format and the names in it, on any runtime. */
export type { Checkpoint } from "./checkpoint.ts";
export { selectVaeNames, vaePrefix, withPresentNames, type NamingScheme } from "./key-names.ts";
export { loadFileSource, type SingleFile } from "./load-file.ts";
export {
  describeNames,
  loadFolderFiles,
  type DiffusersFolder,
  type LikelihoodFile,
  type LoadFolderOptions,
} from "./load-folder.ts";
export { readJsonSource, type ModelFiles } from "./model-files.ts";
export { modelOfFile, type FileOfModel } from "./single-file.ts";
export { bothWarning, chooseWeightFiles, weightFileNames } from "./weight-files.ts";
export { floatTensor, readableTensor } from "./needed-tensor.ts";
export {
  encodeSafetensors,
  parseSafetensors,
  readTensor,
  type ParseSafetensorsOptions,
} from "./safetensors.ts";
