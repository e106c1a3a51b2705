/** Data sets from files, in Node. */
export {
  describeDataChanges,
  formatDataRecord,
  parseDataRecord,
  recordPictures,
  type DataRecord,
} from "./data-record.ts";
export { openImageFolder, type ImageFolder, type ImageFolderOptions } from "./image-folder.ts";
export { readIdxImages, type IdxImages } from "./idx-images.ts";
export { addLeftOut, leftOutText, nothingLeftOut, type LeftOut } from "../../images/node/left-out.ts";
export { findPictures } from "../../images/node/list-pictures.ts";
export { openMnist, type MnistOptions } from "./mnist.ts";
export {
  readValidationPictures,
  type ValidationPicture,
  type ValidationPicturesOptions,
} from "./validation-pictures.ts";
