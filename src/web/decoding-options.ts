/** The options of decoding a picture in the browser. */
import type { Picture } from "../images/picture.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import { WebPicture } from "./pictures.ts";

/** As every model's options, with previews for a canvas, too. */
export function withWebPreview({
  onPreview,
  ...options
}: DecodingOptions<WebPicture>): DecodingOptions<Picture> {
  if (onPreview === undefined) return options;
  return {
    ...options,
    onPreview: (picture) => {
      onPreview(new WebPicture(picture));
    },
  };
}
