/** Files on disk, for Node: read by range, written whole or not at all, with errors that a user can act on. */
export { removePartialFiles, writeFileAtomic, type FileContent, type WriteOptions } from "./atomic-write.ts";
export {
  isLeftover,
  makeFolder,
  namesIn,
  removeFolderAtomic,
  removeLeftovers,
  syncFolder,
  writeFolderAtomic,
} from "./durable.ts";
export { readError, systemCode, writeError } from "./file-errors.ts";
export { otherKind } from "./file-kind.js";
export { isFolder, openFileSource, type FileSource } from "./file-source.ts";
export { readJsonBytes, readJsonFile } from "./json-file.ts";
export { readTextFile } from "./text-file.ts";
export { readRegularFile, statRegularFile, type WholeFileOptions } from "./regular-file.ts";
export { OutputFiles } from "./output-files.ts";
export { checkOutputFolderPath, checkOutputPath, KeptFiles, placeOf } from "./output-path.ts";
export { packageFile, packageVersion, requireFromHere } from "./package-file.ts";
