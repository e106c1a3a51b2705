/** Picture files, in Node. */
export { readImage, type ReadImageOptions } from "./read-image.ts";
export { encodeImage, encodePng, type EncodeImageOptions } from "./write-image.ts";
export type { OwnPicture } from "./own-picture.ts";
