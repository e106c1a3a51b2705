/** A picture that a model made: a raster that its platform can write. */
import { toRgba, type Raster, type RasterChannels } from "./raster.ts";

/** A picture that a model made: an 8-bit raster that its platform can write to a file. */
export abstract class Picture implements Raster {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** 1: grey. 3: red, green, blue. 4: red, green, blue, alpha. */
  readonly channels: RasterChannels;
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

  /** RGBA samples, opaque where the picture has no alpha, as an ImageData has them. */
  toRgba(): Uint8ClampedArray<ArrayBuffer> {
    return new Uint8ClampedArray(toRgba(this).data);
  }
}
