/** Picture files, in Node. */
export { leftOutText, type LeftOut, type UnreadablePicture } from "./left-out.ts";
export { PictureFiles, type PictureFilesOptions, type ReadPicture } from "./picture-files.ts";
export { readImage, type ReadImageOptions } from "./read-image.ts";
export { encodeImage, encodePng, type EncodeImageOptions } from "./write-image.ts";
export type { OwnPicture } from "./own-picture.ts";
