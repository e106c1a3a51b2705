/** Pictures become diffusers' tensors and back, with Pillow's own resampling, and are measured as scikit-image does. */
import { describe, expect, test } from "vitest";
import { psnr, ssim, VaeImageProcessor, type Raster, type RasterChannels } from "../../src/images/index.ts";
import { readImage } from "../../src/images/node/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { fixturePath, manifest, readGoldens, type PreprocessCase } from "./fixtures.ts";

const { images } = manifest;
const goldens = readGoldens(images.golden);

/** A uint8 golden [H, W, C] as a picture. */
function raster(name: string): Raster {
  const { shape, data } = goldens.get(name) as Tensor<"uint8">;
  const [height, width, channels] = shape as [number, number, RasterChannels];
  return { width, height, channels, data };
}

function processorFor({ resample, converter, source }: PreprocessCase): VaeImageProcessor {
  return new VaeImageProcessor({
    resample,
    doConvertRgb: converter === "do_convert_rgb",
    doConvertGrayscale: converter === "do_convert_grayscale",
    doBinarize: converter === "do_binarize",
    hasAlpha: source === "alpha",
  });
}

function preprocess(each: PreprocessCase): Tensor<"float32"> {
  return processorFor(each).preprocess(raster(`source/${each.source}`), {
    height: each.height ?? undefined,
    width: each.width ?? undefined,
    resizeMode: each.resize_mode,
  });
}

describe("preprocess", () => {
  test.each(images.preprocess.filter(({ name }) => goldens.has(`${name}/resized`)))(
    "$name gives Pillow's samples",
    (each) => {
      // Back to 8 bits, which loses nothing: preprocess only maps 256 samples to [-1, 1].
      const [found] = new VaeImageProcessor({ hasAlpha: each.source === "alpha" }).postprocess(
        preprocess(each),
      );
      const expected = raster(`${each.name}/resized`);
      expect({ width: found!.width, height: found!.height, channels: found!.channels }).toEqual({
        width: expected.width,
        height: expected.height,
        channels: expected.channels,
      });
      expect(found!.data).toBeAllclose(expected.data, { absolute: 0 });
    },
  );

  test.each(images.preprocess.filter(({ name }) => goldens.has(`${name}/tensor`)))(
    "$name gives diffusers' tensor, bit for bit",
    (each) => {
      expect(preprocess(each)).toBeAllclose(goldens.get(`${each.name}/tensor`), { absolute: 0 });
    },
  );
});

test("postprocess clamps, and rounds half to even", () => {
  const [found] = new VaeImageProcessor().postprocess(goldens.get("postprocess/input"));
  expect(found!.data).toBeAllclose(raster("postprocess/image").data, { absolute: 0 });
});

test.each(["rgb", "gray"] as const)("readImage gives the samples of the %s PNG", async (name) => {
  const convert = name === "gray" ? "grayscale" : "rgb";
  const found = await readImage(fixturePath(`images/source-${name}.png`), { convert });
  expect(found).toEqual(raster(`source/${name}`));
});

test("readImage drops alpha as Pillow does", async () => {
  const found = await readImage(fixturePath("images/source-rgba.png"), { alpha: "drop" });
  expect(found).toEqual(raster("source/rgba"));
});

test.each(images.metrics)("PSNR and SSIM of $a and $b are scikit-image's", (each) => {
  const [a, b] = [raster(each.a), raster(each.b)];
  // Both sides compute in float64; only the order of sums differs.
  expect(psnr(a, b)).toBeCloseTo(each.psnr, 9);
  expect(ssim(a, b)).toBeCloseTo(each.ssim, 9);
});
