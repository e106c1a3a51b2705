/** Transparency laid over white. */

/** RGBA samples, not premultiplied, laid over white: RGB. */
export function samplesOverWhite(rgba: Uint8Array | Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let pixel = 0; 4 * pixel < rgba.length; pixel++) {
    const alpha = rgba[4 * pixel + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const value = rgba[4 * pixel + channel]!;
      rgb[3 * pixel + channel] = Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return rgb;
}
