import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { VaeImageProcessor } from "./image-processor.ts";
import { blankRaster, type Raster } from "./raster.ts";

const ramp = (width: number, height: number): Raster => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 5) % 256),
});

describe("VaeImageProcessor", () => {
  test("floors the sides to a multiple of the factor and maps samples to [-1, 1]", () => {
    const processor = new VaeImageProcessor();
    expect(processor.preprocess(ramp(19, 31)).shape).toEqual([1, 3, 24, 16]);
    const white = processor.preprocess(blankRaster(8, 8, 3, 255)).data;
    expect(new Set(white)).toEqual(new Set([1]));
  });

  test("returns every sample unchanged after the way there and back", () => {
    const processor = new VaeImageProcessor();
    expect(processor.postprocess(processor.preprocess([ramp(16, 8), ramp(16, 8)]))).toEqual([
      ramp(16, 8),
      ramp(16, 8),
    ]);
  });

  test("rounds half to even, clamps, and turns NaN into 0", () => {
    const unit = new VaeImageProcessor({ doNormalize: false });
    const values = Float32Array.from([0.5, 1.5 / 255, -3, 7, NaN, Infinity]);
    const [raster] = unit.postprocess(Tensor.from(values, [1, 1, 1, 6]));
    expect([...raster!.data]).toEqual([128, 2, 0, 255, 0, 255]);
  });

  test("refuses pictures below the factor and batches of several sizes", () => {
    const processor = new VaeImageProcessor();
    expect(() => processor.preprocess(ramp(7, 20))).toThrow("at least 8x8");
    expect(() => processor.preprocess([ramp(8, 8), ramp(16, 8)])).toThrow("one size");
    const both = processor.preprocess([ramp(8, 8), ramp(16, 8)], { width: 8, height: 8 });
    expect(both.shape).toEqual([2, 3, 8, 8]);
    expect(() => processor.postprocess(Tensor.zeros([1, 4, 8, 8]))).toThrow("Decode latents first");
  });

  test("fill centres the picture and continues its border; crop covers the size", () => {
    const source = blankRaster(16, 8, 3, 200);
    const processor = new VaeImageProcessor({ doNormalize: false });
    for (const resizeMode of ["fill", "crop"] as const) {
      const [out] = processor.postprocess(
        processor.preprocess(source, { width: 16, height: 16, resizeMode }),
      );
      expect(new Set(out!.data)).toEqual(new Set([200]));
    }
  });
});
