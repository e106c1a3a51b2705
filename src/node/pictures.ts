/** Pictures in Node: files through sharp. */
import { encodePng, readImage } from "../images/node/index.ts";
import { Picture } from "../images/picture.ts";
import type { PictureCodec, PictureFile } from "../images/picture-source.ts";

class NodePicture extends Picture {
  toPng(): Promise<Uint8Array> {
    return encodePng(this);
  }
}

export const nodePictures: PictureCodec = {
  decode: async (file, _subject, alpha) =>
    readImage(await pathOrBytes(file), { convert: alpha === "keep" ? "rgba" : "rgb" }),
  picture: (raster) => new NodePicture(raster),
};

async function pathOrBytes(file: PictureFile): Promise<string | Uint8Array> {
  if (typeof file === "string" || isBytes(file)) return file;
  return new Uint8Array("arrayBuffer" in file ? await file.arrayBuffer() : file);
}

const isBytes = (file: object): file is Uint8Array => ArrayBuffer.isView(file);
