/**
 * Picture files to resized 8-bit samples. Plain JavaScript, because the reading thread, which Node starts from
 * the sources as from the build, imports it.
 */
import { readFile } from "node:fs/promises";
import sharp from "sharp";

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
  // Read by ourselves rather than by sharp: it caches files by path, and its messages name no cause.
  const bytes = await readBytes(path);
  /** @type {import("sharp").SharpOptions} */
  const open = { failOn: "error", limitInputPixels: settings.maxPixels };
  const { autoOrient } = await sharp(bytes, { ...open, limitInputPixels: false }).metadata();
  const { width, height } = autoOrient;
  if (width * height > settings.maxPixels) {
    throw new Error(`expected at most ${settings.maxPixels} pixels, found ${width}x${height}`);
  }
  const short = Math.min(width, height);
  const scale = (settings.shortSide ?? Math.max(short, settings.resolution)) / short;
  let picture = sharp(bytes, open).autoOrient();
  if (scale !== 1) {
    picture = picture.resize(Math.round(width * scale), Math.round(height * scale), { fit: "fill" });
  }
  const { data, info } = await picture
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    channels: settings.channels,
    data: withChannels(data, info.channels, settings.channels),
  };
}

/**
 * @param {string} path
 * @returns {Promise<Uint8Array>}
 */
async function readBytes(path) {
  const bytes = await readFile(path).catch((/** @type {unknown} */ error) => {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT") throw new Error("no such file", { cause: error });
    if (code === "EISDIR") throw new Error("expected a picture, found a folder", { cause: error });
    throw error;
  });
  if (bytes.length === 0) throw new Error("expected a picture, found an empty file");
  return bytes;
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
