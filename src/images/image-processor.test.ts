import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { VaeImageProcessor } from "./image-processor.ts";
import { blankRaster, type Raster } from "./raster.ts";

/** An INVALID_ARGUMENT with this in its message. */
const refusal = (message: string): Error =>
  expect.objectContaining({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(message) as string,
  }) as Error;

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
    expect(() => processor.preprocess(ramp(7, 20))).toThrow(refusal("at least 8x8"));
    expect(() => processor.preprocess([ramp(8, 8), ramp(16, 8)])).toThrow(refusal("one size"));
    const both = processor.preprocess([ramp(8, 8), ramp(16, 8)], { width: 8, height: 8 });
    expect(both.shape).toEqual([2, 3, 8, 8]);
    expect(() => processor.postprocess(Tensor.zeros([1, 4, 8, 8]))).toThrow(refusal("Decode latents first"));
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

describe("the options of a VaeImageProcessor", () => {
  const white = blankRaster(8, 8, 3, 255);

  test("have diffusers' defaults, and are frozen", () => {
    const { options } = new VaeImageProcessor();
    expect(options).toEqual({
      vaeScaleFactor: 8,
      resample: "lanczos",
      doResize: true,
      doNormalize: true,
      doBinarize: false,
      doConvertRgb: false,
      doConvertGrayscale: false,
      hasAlpha: false,
    });
    expect(Object.isFrozen(options)).toBe(true);
    const given = { vaeScaleFactor: 2, resample: "nearest", doNormalize: false, doConvertRgb: true } as const;
    expect(new VaeImageProcessor(given).options).toMatchObject(given);
  });

  test.each<[object, string]>([
    [
      { vaeScaleFactor: 0 },
      "VaeImageProcessor: vaeScaleFactor: expected a whole number of at least 1, found 0.",
    ],
    [{ resample: "box2" }, "VaeImageProcessor: resample: expected one of"],
    [
      { doConvertRgb: true, doConvertGrayscale: true },
      "VaeImageProcessor: expected one of doConvertRgb and doConvertGrayscale, found both. Set one to false.",
    ],
  ])("refuse %j", (options, message) => {
    expect(() => new VaeImageProcessor(options)).toThrow(refusal(message));
  });

  test("without resizing take pictures as they are", () => {
    const as = new VaeImageProcessor({ doResize: false });
    expect(as.preprocess(blankRaster(3, 5, 3)).shape).toEqual([1, 3, 5, 3]);
    expect(as.preprocess(blankRaster(3, 5, 3), { width: 8, height: 8 }).shape).toEqual([1, 3, 5, 3]);
    expect(() => as.preprocess([blankRaster(3, 5, 3), blankRaster(3, 6, 3)])).toThrow(refusal("one size"));
  });

  test("without normalising give [0, 1], with binarising masks", () => {
    const ramp: Raster = { width: 4, height: 1, channels: 1, data: Uint8Array.of(0, 127, 128, 255) };
    const options = { doResize: false, vaeScaleFactor: 1 };
    const of = (more: object): number[] => [
      ...new VaeImageProcessor({ ...options, ...more }).preprocess(ramp).data,
    ];
    expect(of({ doNormalize: false })).toEqual([0, Math.fround(127 / 255), Math.fround(128 / 255), 1]);
    expect(of({ doNormalize: false, doBinarize: true })).toEqual([0, 0, 1, 1]);
    // diffusers binarises what it has normalised.
    expect(of({ doBinarize: true })).toEqual([0, 0, 0, 1]);
    expect(of({})).toBeAllclose([-1, -1 / 255, 1 / 255, 1]);
  });

  test("convert to the channels that are asked for, and want one kind otherwise", () => {
    const grey = blankRaster(8, 8, 1, 9);
    expect(new VaeImageProcessor({ doConvertRgb: true }).preprocess([grey, white]).shape).toEqual([
      2, 3, 8, 8,
    ]);
    expect(new VaeImageProcessor({ doConvertGrayscale: true }).preprocess([grey, white]).shape).toEqual([
      2, 1, 8, 8,
    ]);
    expect(() => new VaeImageProcessor().preprocess([grey, white])).toThrow(
      refusal(
        "preprocess: expected pictures of one kind, found 8x8 grey and 8x8 RGB. Set doConvertRgb or doConvertGrayscale.",
      ),
    );
    expect(() => new VaeImageProcessor().preprocess([])).toThrow(
      refusal("expected at least one picture, found none."),
    );
  });

  test("take the size of the caller, down to the factor and no further", () => {
    const processor = new VaeImageProcessor();
    expect(processor.preprocess(white, { height: 17 }).shape).toEqual([1, 3, 16, 8]);
    expect(processor.preprocess(white, { width: 31 }).shape).toEqual([1, 3, 8, 24]);
    expect(processor.preprocess(white, { width: 8, height: 8 }).shape).toEqual([1, 3, 8, 8]);
    expect(() => processor.preprocess(white, { width: 7, height: 8 })).toThrow(
      refusal("preprocess: expected a width of at least 8 whole pixels, the size of one latent, found 7."),
    );
    expect(() => processor.preprocess(white, { width: 8, height: 8.5 })).toThrow(
      refusal("expected a height of at least 8"),
    );
    expect(() => processor.preprocess(blankRaster(8, 7, 3))).toThrow(
      refusal(
        "preprocess: expected a picture of at least 8x8 pixels, the size of one latent, found a height of 7. Use a larger picture, or pass height and width.",
      ),
    );
    expect(() => processor.preprocess([white, blankRaster(16, 8, 3)], { width: 8 })).toThrow(
      refusal(
        "preprocess: expected pictures of one size, found 8x8 and 16x8. Pass height and width to resize them all.",
      ),
    );
  });
});

test.each([
  ["nothing", null, "preprocess: expected a picture { width, height, channels, data }, found null."],
  ["too few samples", { ...blankRaster(8, 8, 3), data: new Uint8Array(7) }, "preprocess: expected"],
  ["four channels", blankRaster(8, 8, 4), "preprocess: expected 1 (grey) or 3 (RGB) channels"],
])("preprocess refuses %s, resized or not", (_, wrong, message) => {
  for (const doResize of [true, false]) {
    const processor = new VaeImageProcessor({ doResize });
    for (const given of [wrong, [blankRaster(8, 8, 3), wrong]])
      expect(() => processor.preprocess(given as never)).toThrow(refusal(message));
  }
});

describe("postprocess", () => {
  const processor = new VaeImageProcessor();

  test("interleaves the channels of each picture, from any float dtype", () => {
    const values = Float32Array.from([-1, 1, 0, 0, 1, -1, 1, 1, -1, -1, 0, 1]);
    const tensor = Tensor.from(values, [2, 3, 1, 2]);
    const expected = [
      [0, 128, 255, 255, 128, 0],
      [255, 0, 128, 255, 0, 255],
    ];
    for (const given of [tensor, tensor.toFloat("bfloat16"), tensor.toFloat("float16")]) {
      expect(processor.postprocess(given).map(({ data }) => [...data])).toEqual(expected);
    }
    expect(processor.postprocess(Tensor.zeros([1, 1, 2, 3]))).toEqual([blankRaster(3, 2, 1, 128)]);
  });

  test("rounds to the nearest sample, halves to even, and clamps at both ends", () => {
    const unit = new VaeImageProcessor({ doNormalize: false });
    const of = (...values: number[]): number[] => [
      ...unit.postprocess(Tensor.from(Float32Array.from(values), [1, 1, 1, values.length]))[0]!.data,
    ];
    expect(of(0.49 / 255, 0.51 / 255, 2.5 / 255, 254.4 / 255, 254.6 / 255, 1, 1.01, 0, -0.01)).toEqual([
      0, 1, 2, 254, 255, 255, 255, 0, 0,
    ]);
    expect(of(-Infinity, Infinity, NaN)).toEqual([0, 255, 0]);
  });

  test.each([[[3, 8, 8]], [[1, 2, 8, 8]], [[1, 4, 8, 8]], [[1, 3, 0, 8]], [[1, 3, 8, 0]], [[1, 3, 8, 8, 1]]])(
    "refuses %j",
    (shape) => {
      expect(() => processor.postprocess(Tensor.zeros(shape))).toThrow(
        refusal(
          `postprocess: expected pictures of shape [N, 3, H, W] or [N, 1, H, W], found [${shape.join(", ")}]. Decode latents first.`,
        ),
      );
    },
  );
});
