/** A picture that a model made: a raster that its platform can write. */
import type { Raster } from "./raster.ts";

/** A picture that a model made: an 8-bit raster that its platform can write to a file. */
export abstract class Picture implements Raster {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** 1: grey. 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** `height * width * channels` samples, HWC order. */
  readonly data: Uint8Array;

  constructor({ width, height, channels, data }: Raster) {
    this.width = width;
    this.height = height;
    this.channels = channels;
    this.data = data;
  }

  /** The bytes of a PNG file with exactly these samples. */
  abstract toPng(): Promise<Uint8Array>;

  /** RGBA samples, opaque, as an ImageData has them. */
  toRgba(): Uint8ClampedArray<ArrayBuffer> {
    const { width, height, channels, data } = this;
    const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        rgba[4 * pixel + channel] = data[channels === 3 ? 3 * pixel + channel : pixel]!;
      }
    }
    return rgba;
  }
}
