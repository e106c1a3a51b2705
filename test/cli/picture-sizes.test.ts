/** What `--size` and `--crop` make of a picture: the same for colour and for grey, for large and for tiny pictures. */
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readImage, readSafetensorsFile, toGrayscale, VaeImageProcessor } from "../../src/node/index.ts";
import { preparePicture, type SizeRule } from "../../src/cli/pictures.ts";
import { AutoencoderKL, Generator, MlpVae } from "../../src/node/index.ts";
import { saveTinyMlp } from "./tiny-mlp.ts";
import { runCli, savePicture, saveTinyModel, temporaryFolder, tinyConfig } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (name: string): string => join(folder.path, name);
const greyConfig = { ...tinyConfig, inChannels: 1, outChannels: 1 };

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(inFolder("colour"));
  await saveTinyModel(inFolder("grey"), greyConfig);
  // A ramp from left to right: its ends tell what was cut off, and what was stretched.
  const ramp = Uint8Array.from({ length: 96 * 32 * 3 }, (_, i) => Math.floor((i / 3) % 96) * 2);
  await sharp(ramp, { raw: { width: 96, height: 32, channels: 3 } })
    .png()
    .toFile(inFolder("wide.png"));
  for (const [name, width, height] of [
    ["5x5", 5, 5],
    ["1x1", 1, 1],
    ["1x9", 1, 9],
  ] as const) {
    await sharp({ create: { width, height, channels: 3, background: "#c04020" } })
      .png()
      .toFile(inFolder(`${name}.png`));
  }
});
afterAll(() => folder.remove());

describe("a grey model", () => {
  test.each<SizeRule>([
    { kind: "exact", width: 32, height: 32 },
    { kind: "exact", width: 16, height: 48 },
    { kind: "short-side", pixels: 16 },
    { kind: "original" },
  ])("sees the geometry that a colour model sees, for %j", async (rule) => {
    await using colour = AutoencoderKL.fromConfig(tinyConfig, {
      generator: Generator.torch(0),
      device: "cpu",
    });
    await using grey = AutoencoderKL.fromConfig(greyConfig, { generator: Generator.torch(0), device: "cpu" });
    const inColour = await preparePicture(inFolder("wide.png"), colour, { size: rule });
    const inGrey = await preparePicture(inFolder("wide.png"), grey, { size: rule });
    expect(inGrey.pixels.shape).toEqual([1, 1, ...inColour.pixels.shape.slice(2)]);
    // The picture is grey already, so not a sample may differ.
    expect(inGrey.raster).toEqual(toGrayscale(inColour.raster));
  });

  test("is measured on squares that are cut, not squeezed", async () => {
    await using grey = await AutoencoderKL.fromPretrained(inFolder("grey"), { device: "cpu" });
    const square = await preparePicture(inFolder("wide.png"), grey, {
      size: { kind: "exact", width: 32, height: 32 },
    });
    // The middle third of the ramp.
    expect(square.raster.data.slice(0, 3)).toEqual(Uint8Array.from([64, 66, 68]));
    const processor = new VaeImageProcessor({ doConvertGrayscale: true });
    const cut = processor.preprocess(await readImage(inFolder("wide.png")), {
      width: 32,
      height: 32,
      resizeMode: "crop",
    });
    expect(square.pixels.equals(cut)).toBe(true);
    const args = ["--model", "grey", "--device", "cpu", "--size", "32"];
    const measured = await runCli(["calibrate", "wide.png", ...args, "--crop", "--json"], {
      cwd: folder.path,
    });
    expect(measured.code).toBe(0);
    await runCli(["encode", "wide.png", ...args.slice(0, 4), "--size", "32x32", "--out", "z.safetensors"], {
      cwd: folder.path,
    });
    const { tensors } = await readSafetensorsFile(inFolder("z.safetensors"));
    const mean = tensors.get("mean")!.toFloat32().data;
    const { estimates } = JSON.parse(measured.stdout) as { estimates: { shiftFactor: { value: number } } };
    expect(estimates.shiftFactor.value).toBeCloseTo(mean.reduce((sum, z) => sum + z, 0) / mean.length, 5);
  });
});

test("a size of the short side squeezes what is cut down to the factor, and only WxH cuts to shape", async () => {
  await using vae = AutoencoderKL.fromConfig(tinyConfig, { generator: Generator.torch(0), device: "cpu" });
  await savePicture(inFolder("texture.png"), 96, 32);
  const picture = await readImage(inFolder("texture.png"));
  const processor = new VaeImageProcessor();
  const at56x16 = (resizeMode: "default" | "crop"): Float32Array =>
    processor.preprocess(picture, { width: 56, height: 16, resizeMode }).data;
  const prepared = async (size: SizeRule): Promise<unknown> =>
    (await preparePicture(inFolder("texture.png"), vae, { size })).pixels.data;
  // 60x20 before it is cut down.
  expect(await prepared({ kind: "short-side", pixels: 20 })).toEqual(at56x16("default"));
  expect(await prepared({ kind: "exact", width: 60, height: 20 })).toEqual(at56x16("crop"));
  expect(at56x16("default")).not.toEqual(at56x16("crop"));
});

describe("a model of rows", () => {
  const size = { kind: "short-side", pixels: 512 } as const;

  test("takes any picture in grey, at the one size that it has", async () => {
    await saveTinyMlp(inFolder("mlp"));
    await using mlp = await MlpVae.fromPretrained(inFolder("mlp"), { device: "cpu" });
    await sharp(Buffer.from([200, 0, 0, 0, 0, 200, 0, 90, 0, 10, 20, 30]), {
      raw: { width: 2, height: 2, channels: 3 },
    })
      .png()
      .toFile(inFolder("colours.png"));
    const prepared = await preparePicture(inFolder("colours.png"), mlp, { size });
    const grey = toGrayscale(await readImage(inFolder("colours.png")));
    expect([...prepared.pixels.data]).toEqual([...mlp.preprocess(grey).data]);
    expect(prepared).toMatchObject({
      path: inFolder("colours.png"),
      name: "colours.png",
      raster: { width: 4, height: 4, channels: 1 },
    });
  });

  test("refuses too many pixels as every other does", async () => {
    await using mlp = await MlpVae.fromPretrained(inFolder("mlp"), { device: "cpu" });
    const options = { size, maxPixels: 96 * 32 - 1 };
    await expect(preparePicture(inFolder("wide.png"), mlp, options)).rejects.toThrow(
      "expected at most 3071 pixels, found 96x32",
    );
    await preparePicture(inFolder("wide.png"), mlp, { size, maxPixels: 96 * 32 });
  });
});

describe("a picture smaller than one latent", () => {
  const roundtrip = async (
    name: string,
    ...size: string[]
  ): Promise<{ code: number | null; stderr: string }> =>
    runCli(["roundtrip", `${name}.png`, "--model", "colour", "--device", "cpu", ...size], {
      cwd: folder.path,
    });

  test.each([
    ["5x5", "64x64", 64, 64],
    ["1x1", "16x24", 16, 24],
    ["1x9", "8", 8, 72],
  ])("of %s is enlarged by --size %s", async (name, size, width, height) => {
    const { code, stderr } = await roundtrip(name, "--size", size);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(await readImage(inFolder(`${name}.reconstruction.png`))).toMatchObject({ width, height });
  });

  test("is refused without --size, and with the original size", async () => {
    for (const size of [[], ["--size", "original"]]) {
      const { code, stderr } = await roundtrip("5x5", ...size);
      expect(stderr).toMatch(
        /5x5\.png: expected a picture of at least 8x8 pixels.*pass --size to enlarge it/,
      );
      expect(code).toBe(1);
    }
  });
});

test("--size 30000x8 takes the memory of its own pixels, not of a picture 30000 pixels high", async () => {
  await using vae = AutoencoderKL.fromConfig(tinyConfig, { generator: Generator.torch(0), device: "cpu" });
  const { pixels } = await preparePicture(inFolder("1x9.png"), vae, {
    size: { kind: "exact", width: 30_000, height: 8 },
  });
  // The covering picture would be of 30000x270000 pixels, which no array of bytes holds.
  expect(pixels.shape).toEqual([1, 3, 8, 30_000]);
});
