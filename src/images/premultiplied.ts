/** Colours multiplied by alpha while a filter mixes neighbours. */
import type { Raster } from "./raster.ts";

/**
 * An RGBA picture with its colours multiplied by alpha, so that what is hidden under transparent pixels does not mix with
 * what is seen.
 *
 * @see Pillow, Convert.c (rgba2rgbA)
 */
export function premultiplied({ width, height, data }: Raster): Raster {
  const out = data.slice();
  for (let at = 0; at < out.length; at += 4) {
    const alpha = out[at + 3]!;
    for (let channel = at; channel < at + 3; channel++) {
      const product = out[channel]! * alpha + 128;
      out[channel] = ((product >> 8) + product) >> 8;
    }
  }
  return { width, height, channels: 4, data: out };
}

/** The inverse of {@link premultiplied}, as far as rounding lets it. @see Pillow, Convert.c (rgbA2rgba) */
export function unmultiplied({ width, height, data }: Raster): Raster {
  const out = data.slice();
  for (let at = 0; at < out.length; at += 4) {
    const alpha = out[at + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel++) {
      out[channel] = Math.min(255, Math.floor((255 * out[channel]!) / alpha));
    }
  }
  return { width, height, channels: 4, data: out };
}
