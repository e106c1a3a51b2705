/** Data sets from files, in Node. */
export { openImageFolder, type ImageFolder, type ImageFolderOptions } from "./image-folder.ts";
export { readIdxImages, type IdxImages } from "./idx-images.ts";
export { listPictures } from "./list-pictures.ts";
export { openMnist, type MnistOptions } from "./mnist.ts";
export {
  readValidationPictures,
  type ValidationPicture,
  type ValidationPicturesOptions,
} from "./validation-pictures.ts";
