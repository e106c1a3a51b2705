import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { picturePixels, picturesOf, type PictureFacts, type PictureSize } from "./model-input.ts";
import { VaeImageProcessor } from "./image-processor.ts";
import { blankRaster, toGrayscale, type Raster } from "./raster.ts";

const facts: PictureFacts = {
  inChannels: 3,
  outChannels: 3,
  spatialFactor: 8,
  sizes: "down",
  layout: "planes",
  pixelRange: "signed",
};

const picture = (width: number, height: number, channels: 1 | 3 = 3): Raster => {
  const raster = blankRaster(width, height, channels);
  raster.data.forEach((_, i) => (raster.data[i] = (i * 37 + (i >> 4) * 11) % 256));
  return raster;
};
const pixelsOf = (raster: Raster, size?: PictureSize, changed: Partial<PictureFacts> = {}) =>
  picturePixels(raster, { ...facts, ...changed }, size, "encodeImage");
const sides = (...call: Parameters<typeof pixelsOf>): readonly number[] => pixelsOf(...call).shape.slice(2);

test("a number sets the shorter side, keeps the proportions, and cuts both down to the factor", () => {
  expect(sides(picture(400, 300), 51)).toEqual([48, 64]);
  expect(sides(picture(300, 400), 51)).toEqual([64, 48]);
  expect(pixelsOf(picture(40, 30), 20).data).toEqual(
    new VaeImageProcessor().preprocess(picture(40, 30), { width: 27, height: 20 }).data,
  );
});

test("two numbers cut to shape, without a size the picture keeps its own, and small ones are enlarged", () => {
  expect(pixelsOf(picture(40, 30), { width: 33, height: 16 }).data).toEqual(
    new VaeImageProcessor().preprocess(picture(40, 30), { width: 33, height: 16, resizeMode: "crop" }).data,
  );
  expect(pixelsOf(picture(40, 30)).data).toEqual(new VaeImageProcessor().preprocess(picture(40, 30)).data);
  expect(sides(picture(2, 3), 16)).toEqual([24, 16]);
});

test("sides are filled up by a model that fills them, and cut down for one that refuses others", () => {
  expect(sides(picture(37, 50), undefined, { sizes: "up" })).toEqual([50, 37]);
  expect(sides(picture(3, 5), undefined, { sizes: "up" })).toEqual([5, 3]);
  expect(sides(picture(37, 50), undefined, { sizes: "refused" })).toEqual([48, 32]);
});

test("a picture gets the channels and the range that the model takes", () => {
  const grey = { inChannels: 1 };
  expect(pixelsOf(picture(8, 8), undefined, grey)).toEqual(
    pixelsOf(toGrayscale(picture(8, 8)), undefined, grey),
  );
  expect(pixelsOf(picture(8, 8, 1)).shape).toEqual([1, 3, 8, 8]);
  const cut = pixelsOf(picture(20, 16), { width: 8, height: 16 }, grey);
  expect(cut.shape).toEqual([1, 1, 16, 8]);
  const processor = new VaeImageProcessor({ doConvertGrayscale: true });
  const asked = { width: 8, height: 16, resizeMode: "crop" } as const;
  expect(cut.data).toEqual(processor.preprocess(toGrayscale(picture(20, 16)), asked).data);
  const unit = pixelsOf(picture(8, 8), undefined, { pixelRange: "unit" });
  expect(Math.min(...unit.data)).toBeGreaterThanOrEqual(0);
  expect(unit.data[1]).toBeCloseTo(picture(8, 8).data[3]! / 255, 6);
});

test.each<[Parameters<typeof pixelsOf>, string]>([
  [
    [picture(7, 300)],
    "expected a picture of at least 8x8 pixels, the least that this model takes, found 7x300. Use a larger picture, or pass size",
  ],
  [
    [picture(300, 300), 7],
    "size: expected sides of at least 8 pixels, the least that this model takes, found 7x7.",
  ],
  [
    [picture(8, 8), { width: 8, height: 4 }],
    "size: expected sides of at least 8 pixels, the least that this model takes, found 8x4.",
  ],
  [[picture(8, 8000), 512], "expected at most 100000000 pixels, found 512x512000. Pass a smaller size."],
  [[picture(8, 8), 0], "size: expected pixels of the shorter side, or { width, height }, found 0."],
  [[picture(8, 8), 1.5], "size: expected pixels of the shorter side, or { width, height }, found 1.5."],
  [[picture(8, 8), "512x512" as never], 'found "512x512".'],
  [[picture(8, 8), { width: 8 } as never], "or { width, height }, found an object with width."],
])("%j is refused", (call, message) => {
  expect(() => pixelsOf(...call)).toThrow(message);
});

test.each<[Partial<PictureFacts>, string]>([
  [{ inChannels: 5 }, "found one that takes 5 channels. Use encode with tensors."],
  [{ inChannels: 783, layout: "rows" }, "found one that takes rows of 783 values, which are no square."],
])("a model of %j takes no pictures", (changed, message) => {
  expect(() => pixelsOf(picture(8, 8), undefined, changed)).toThrow(message);
});

test.each<[Partial<PictureFacts>, string]>([
  [{ outChannels: 5 }, "found one that gives 5 channels. Use decode with tensors."],
  [{ outChannels: 783, layout: "rows" }, "found one that gives rows of 783 values, which are no square."],
])("a model of %j gives no pictures", (changed, message) => {
  const unsupported = expect.objectContaining({
    code: "UNSUPPORTED",
    message: expect.stringContaining(message) as string,
  }) as Error;
  expect(() => picturesOf(Tensor.zeros([1, 4, 8, 8]), { ...facts, ...changed }, "decodeImage")).toThrow(
    unsupported,
  );
});

describe("a model of rows", () => {
  const rows = {
    inChannels: 4,
    outChannels: 4,
    layout: "rows",
    spatialFactor: 1,
    pixelRange: "unit",
  } as const;

  test("takes a grey square, to which the picture is cut", () => {
    const pixels = pixelsOf(picture(4, 2), undefined, rows);
    expect(pixels.shape).toEqual([1, 4]);
    const square = { ...rows, inChannels: 1, layout: "planes" } as const;
    const asPicture = pixelsOf(picture(4, 2), { width: 2, height: 2 }, square);
    expect(pixels.data).toEqual(asPicture.data);
  });

  test("gives grey squares", () => {
    const facts = { ...rows, sizes: "refused" } as const;
    const [first, second] = picturesOf(
      Tensor.from(Float32Array.of(0, 1, 0, 1, 1, 1, 0, 0), [2, 4]),
      facts,
      "x",
    );
    expect(first).toMatchObject({ width: 2, height: 2, channels: 1 });
    expect([...first!.data]).toEqual([0, 255, 0, 255]);
    expect([...second!.data]).toEqual([255, 255, 0, 0]);
    expect(() => picturesOf(Tensor.zeros([2, 5]), facts, "x")).toThrow(
      "x: expected rows [N, 4], found [2, 5].",
    );
  });

  test("has one size only", () => {
    const message = "size: the pictures of this model have 2x2 pixels. Leave it out.";
    expect(() => pixelsOf(picture(4, 2), 2, rows)).toThrow(message);
  });
});
