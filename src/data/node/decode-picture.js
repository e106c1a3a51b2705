/**
 * Picture files to resized 8-bit samples. Plain JavaScript, because the reading thread, which Node starts from
 * the sources as from the build, imports it.
 */
import { decodePictureBytes, readPictureBytes } from "../../images/node/picture-file.js";

/** @typedef {import("./picture-protocol.ts").DecodeSettings} DecodeSettings */
/** @typedef {import("./picture-protocol.ts").DecodedPicture} DecodedPicture */

/**
 * Reads a picture upright by its EXIF orientation, in sRGB, over white where it is transparent, and resizes it
 * (Lanczos, averaging when it becomes smaller).
 *
 * @param {string} path
 * @param {DecodeSettings} settings
 * @returns {Promise<DecodedPicture>}
 * @throws Error whose message says why the file is unreadable, without its path.
 */
export async function decodePicture(path, settings) {
  const { maxPixels, shortSide, resolution, channels } = settings;
  const picture = await decodePictureBytes(await readPictureBytes(path), {
    maxPixels,
    resize: (width, height) => {
      const short = Math.min(width, height);
      const scale = (shortSide ?? Math.max(short, resolution)) / short;
      return { width: Math.round(width * scale), height: Math.round(height * scale) };
    },
  });
  const { width, height, data } = picture;
  return { width, height, channels, data: withChannels(data, picture.channels, channels) };
}

/**
 * Grey is repeated into three channels; three become luma (BT.601 in 16-bit fixed point, as `toGrayscale`).
 *
 * @param {Uint8Array} samples
 * @param {number} from
 * @param {1 | 3} to
 * @returns {Uint8Array}
 */
function withChannels(samples, from, to) {
  if (from === to) return samples;
  const pixels = samples.length / from;
  const out = new Uint8Array(pixels * to);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = pixel * from;
    if (to === 3) out.fill(samples[at] ?? 0, pixel * 3, pixel * 3 + 3);
    else {
      const [red = 0, green = 0, blue = 0] = [samples[at], samples[at + 1], samples[at + 2]];
      out[pixel] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }
  }
  return out;
}
