/**
 * 8-bit samples to planes of float32. Plain JavaScript, because the reading thread, which Node starts from the
 * sources as from the build, imports it.
 */

/** @typedef {import("./picture-protocol.ts").DecodedPicture} DecodedPicture */

/**
 * Writes a part of a picture as planes of float32: [C, height, width] from `offset` on.
 *
 * @param {DecodedPicture} picture
 * @param {{ left: number, top: number, width: number, height: number, flip: boolean }} part
 * @param {Float32Array} valueOf the float32 of each 8-bit sample
 * @param {Float32Array} out
 * @param {number} offset
 */
export function writePlanes(picture, part, valueOf, out, offset) {
  const { channels, data } = picture;
  const step = part.flip ? -channels : channels;
  let to = offset;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < part.height; y++) {
      const firstPixel = (part.top + y) * picture.width + part.left + (part.flip ? part.width - 1 : 0);
      let from = firstPixel * channels + channel;
      for (let x = 0; x < part.width; x++, from += step) out[to++] = valueOf[data[from] ?? 0] ?? 0;
    }
  }
}

/**
 * The float32 of each 8-bit sample, rounded as torchvision's ToTensor and Normalize(0.5, 0.5) do.
 *
 * @param {"signed" | "unit"} range
 * @returns {Float32Array}
 */
export function sampleValues(range) {
  return Float32Array.from({ length: 256 }, (_, sample) => {
    const unit = Math.fround(sample / 255);
    return range === "unit" ? unit : Math.fround(unit - 0.5) / 0.5;
  });
}
