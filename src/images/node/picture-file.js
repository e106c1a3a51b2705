/**
 * Picture files as bytes and as 8-bit sRGB samples. Plain JavaScript, because the thread that reads training pictures,
 * which Node starts from the sources as from the build, imports it.
 */
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { otherKind } from "../../files/node/file-kind.js";
import { loadSharp } from "./load-sharp.js";
import { describeContent } from "./picture-content.js";
import { PictureFault } from "./picture-fault.js";

/** No compressed picture of a sane size is larger; a checkpoint given by mistake is. */
const maxFileBytes = 2 ** 30;

/** Windows has no such flag. */
const nonBlocking = /** @type {Partial<typeof constants>} */ (constants).O_NONBLOCK ?? 0;

/**
 * @param {string} message
 * @param {unknown} [cause]
 * @returns {PictureFault}
 */
const invalid = (message, cause) => new PictureFault("INVALID_FILE", message, cause);

/**
 * The bytes of a picture file. What is no regular file is refused before it is opened: a pipe would wait for a writer,
 * a device may never end. Read by ourselves rather than by sharp: it caches files by path, and its messages name no
 * cause.
 *
 * @param {string} path
 * @returns {Promise<Uint8Array>}
 * @throws PictureFault
 */
export async function readPictureBytes(path) {
  try {
    checkStatus(await stat(path));
    // Not to wait for a writer, should a pipe have taken the file's place meanwhile.
    const file = await open(path, constants.O_RDONLY | nonBlocking);
    try {
      const status = await file.stat();
      checkStatus(status);
      const bytes = new Uint8Array(status.size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) throw invalid("the file became shorter while it was read");
        filled += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readFault(error);
  }
}

/** @param {import("node:fs").Stats} status */
function checkStatus(status) {
  const other = otherKind(status);
  if (other !== undefined) throw invalid(`expected a picture, found ${other}`);
  if (status.size === 0) throw invalid("expected a picture, found an empty file");
  if (status.size > maxFileBytes) throw invalid(`expected a picture, found a file of ${status.size} bytes`);
}

/**
 * @param {unknown} error
 * @returns {PictureFault}
 */
function readFault(error) {
  if (error instanceof PictureFault) return error;
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code === "ENOENT" || code === "ENOTDIR") return new PictureFault("NOT_FOUND", "no such file", error);
  if (code === "EACCES" || code === "EPERM") {
    return new PictureFault("IO", "may not be read; check its permissions", error);
  }
  if (code === "ELOOP") return new PictureFault("IO", "its symbolic links lead in a circle", error);
  return new PictureFault("IO", `could not be read: ${message}`, error);
}

/**
 * @typedef {object} DecodeOptions
 * @property {number} maxPixels pictures with more are refused before memory is taken for them
 * @property {"white" | "black" | "drop" | "keep"} [alpha] what lies under transparency; white by default. "keep" gives a fourth channel
 *   where there is any
 * @property {(width: number, height: number) => { width: number, height: number }} [resize] the size to resize to,
 *   from the upright picture's own
 */

/**
 * The first picture of a file, upright by its EXIF orientation, converted from its ICC profile to sRGB, with 1, 3 or, with alpha
 * kept, 4 interleaved channels of 8 bits.
 *
 * @param {Uint8Array} bytes
 * @param {DecodeOptions} options
 * @returns {Promise<{ width: number, height: number, channels: 1 | 3 | 4, data: Uint8Array }>}
 * @throws PictureFault, of code INVALID_FILE
 */
export async function decodePictureBytes(bytes, { maxPixels, alpha = "white", resize }) {
  if (bytes.length === 0) throw invalid("expected a picture, found an empty file");
  const sharp = await loadSharp();
  const { format, autoOrient } = await orFault(bytes, () =>
    sharp(bytes, { limitInputPixels: false }).metadata(),
  );
  const { width, height } = autoOrient;
  checkPixels("found", width, height, maxPixels, "Scale the picture down, or raise `maxPixels`");
  if (format === "svg") {
    // No bound on pixels or time holds for what a drawing may ask of its renderer.
    throw invalid("expected a picture of pixels, found an SVG drawing. Render it to a PNG file first");
  }
  const target = resize?.(width, height) ?? { width, height };
  checkPixels("it would become", target.width, target.height, maxPixels, "Cut the picture to shape");

  /** @param {"warning" | "error"} failOn */
  const decode = (failOn) => {
    let picture = sharp(bytes, { failOn, limitInputPixels: maxPixels }).autoOrient();
    if (target.width !== width || target.height !== height) {
      picture = picture.resize(target.width, target.height, { fit: "fill" });
    }
    return withoutAlpha(picture, alpha)
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
  };
  const { data, info } = await orFault(bytes, () =>
    decode("warning").catch((/** @type {unknown} */ error) => {
      if (isDamage(error)) throw error;
      return decode("error");
    }),
  );
  const { channels } = info;
  if (channels !== 1 && channels !== 3 && !(channels === 4 && alpha === "keep")) {
    throw invalid(`expected a picture that turns into 3 channels, found ${channels}`);
  }
  return {
    width: info.width,
    height: info.height,
    channels,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
  };
}

/**
 * @param {import("sharp").Sharp} picture
 * @param {NonNullable<DecodeOptions["alpha"]>} alpha
 */
function withoutAlpha(picture, alpha) {
  if (alpha === "keep") return picture;
  return alpha === "drop" ? picture.removeAlpha() : picture.flatten({ background: alpha });
}

/**
 * @param {string} found
 * @param {number} width
 * @param {number} height
 * @param {number} maxPixels
 * @param {string} remedy
 */
function checkPixels(found, width, height, maxPixels, remedy) {
  if (width * height <= maxPixels) return;
  throw invalid(
    `expected at most ${maxPixels} pixels, ${found} ${width}x${height} = ${width * height}. ${remedy}`,
  );
}

/**
 * Whether a decoder's warning means that pixels are lost: libjpeg warns and goes on with grey or with another part of
 * the picture. Its other warnings, and libtiff's, are about what lies beside the pixels.
 *
 * @param {unknown} error
 * @returns {boolean}
 */
function isDamage(error) {
  return /bad Huffman code|bad arithmetic code|premature end|instead of RST|Inconsistent progression/.test(
    String(error),
  );
}

/**
 * @template T
 * @param {Uint8Array} bytes
 * @param {() => Promise<T>} read
 * @returns {Promise<T>}
 */
async function orFault(bytes, read) {
  try {
    return await read();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // libvips repeats itself, one line for each time.
    const [cause = ""] = message.trim().split(/\s*\n\s*/);
    const isUnknown = /unsupported image format/i.test(message);
    const content = describeContent(bytes) ?? (isUnknown ? "another format" : undefined);
    if (content === undefined) {
      throw invalid(`expected a whole picture, found a damaged one (${cause})`, error);
    }
    const found = isUnknown ? `${content} (unsupported image format)` : content;
    throw invalid(`expected a picture (PNG, JPEG, WebP, GIF, AVIF or TIFF), found ${found}`, error);
  }
}
