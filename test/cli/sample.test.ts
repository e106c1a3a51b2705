/** `vaekit sample` on tiny models: the sheets are those that the library computes. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  Generator,
  interpolationPath,
  MlpVae,
  readImage,
  Tensor,
  VaeImageProcessor,
  writeSafetensorsFile,
} from "../../src/node/index.ts";
import { pictureSheet } from "../../src/images/picture-sheets.ts";
import { fixturePath, manifest } from "../conformance/fixtures.ts";
import { listFiles, runCli, savePicture, saveTinyModel, temporaryFolder, type Outcome } from "./run-cli.ts";
import { saveTinyMlp } from "./tiny-mlp.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (name: string): string => join(folder.path, name);
const model = ["--model", "model", "--device", "cpu"];
const mlp = ["--model", "mlp", "--device", "cpu"];

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(inFolder("model"));
  await saveTinyMlp(inFolder("mlp"));
  await savePicture(inFolder("a.png"), 40, 32);
  await savePicture(inFolder("b.png"), 32, 48);
});

afterAll(async () => {
  await folder.remove();
});

const run = (args: readonly string[]): Promise<Outcome> => runCli(["sample", ...args], { cwd: folder.path });

async function succeed(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

describe("sample with an AutoencoderKL", () => {
  test("decodes N(0, 1) at the latents' own scale", async () => {
    const stdout = await succeed([
      ...[...model, "--count", "5", "--seed", "3", "--size", "24x16", "--json"],
      ...["--out", "prior.png"],
    ]);
    expect(JSON.parse(stdout)).toEqual({
      file: "prior.png",
      mode: "prior",
      pictures: 5,
      width: 76,
      height: 34,
    });
    await using vae = await AutoencoderKL.fromPretrained(inFolder("model"), { device: "cpu" });
    const latents = vae.denormalizeLatents(Generator.torch(3).randn([5, 4, 2, 3]));
    const { sample } = await vae.decode(latents, { slicing: true });
    expect(await readImage(inFolder("prior.png"))).toEqual(pictureSheet(sample, "signed"));
  });

  test.each(["slerp", "lerp"] as const)("decodes the way between two pictures: %s", async (kind) => {
    const args = ["--between", "a.png", "b.png", "--steps", "3", "--interpolation", kind, "--size", "16"];
    await succeed([...args, ...model, "--out", "between.png"]);
    await using vae = await AutoencoderKL.fromPretrained(inFolder("model"), { device: "cpu" });
    const processor = new VaeImageProcessor();
    const encode = async (name: string): Promise<Tensor> => {
      const size = { width: 16, height: 16, resizeMode: "crop" } as const;
      const { latentDist } = await vae.encode(processor.preprocess(await readImage(inFolder(name)), size));
      return vae.normalizeLatents(latentDist.mode());
    };
    const path = interpolationPath(await encode("a.png"), await encode("b.png"), 3, kind);
    const { sample } = await vae.decode(vae.denormalizeLatents(path), { slicing: true });
    expect(await readImage(inFolder("between.png"))).toEqual(pictureSheet(sample, "signed", 3));
  });

  test("shows a sum after its terms: a + b - b is a", async () => {
    const args = ["--add", "a.png", "b.png", "--subtract", "b.png", "--size", "16", "--columns", "1"];
    await succeed([...args, ...model, "--out", "sum.png"]);
    const sheet = await readImage(inFolder("sum.png"));
    expect([sheet.width, sheet.height]).toEqual([16, 4 * 16 + 3 * 2]);
    const picture = (row: number): number[] => [...sheet.data.subarray(row * 18 * 48, (row * 18 + 16) * 48)];
    // The sum's roundings may move a sample by one.
    expect(picture(3)).toBeAllclose(picture(0), { absolute: 1 });
    expect(picture(1)).toEqual(picture(2));
    expect(picture(0)).not.toEqual(picture(1));
  });
});

describe("sample with an MLP VAE", () => {
  test("decodes N(0, 1) to square grey pictures", async () => {
    await succeed([...mlp, "--count", "4", "--seed", "7", "--out", "digits.png"]);
    await using vae = await MlpVae.fromPretrained(inFolder("mlp"), { device: "cpu" });
    const { sample } = await vae.decode(Generator.torch(7).randn([4, 3]));
    const written = await readImage(inFolder("digits.png"), { convert: "grayscale" });
    expect(written).toEqual(pictureSheet(sample, "unit"));
    expect([written.width, written.height]).toEqual([10, 10]);
  });

  test("goes from picture to picture", async () => {
    const stdout = await succeed([...mlp, "--between", "a.png", "b.png", "--steps", "3", "--out", "way.png"]);
    expect(stdout).toBe("way.png: 3 pictures, 16x4\n");
  });
});

describe("sample of pixels", () => {
  test("draws each from what the MLP says of it, repeatably, also on the way between pictures", async () => {
    const drawn = [...mlp, "--count", "4", "--seed", "7", "--pixels", "sample"];
    await succeed([...drawn, "--out", "drawn.png"]);
    await succeed([...drawn, "--out", "again.png"]);
    const written = await readImage(inFolder("drawn.png"), { convert: "grayscale" });
    // Bernoulli pixels are black or white.
    expect(new Set(written.data)).toEqual(new Set([0, 255]));
    expect(await readImage(inFolder("again.png"), { convert: "grayscale" })).toEqual(written);
    const between = ["--between", "a.png", "b.png", "--seed", "1", "--pixels", "sample"];
    expect(await succeed([...mlp, ...between, "--out", "way.png"])).toContain("8 pictures");
  });

  test("draws each from what lies beside an AutoencoderKL's weights", async () => {
    const beside = {
      distribution: "discretized_logistic",
      scale: "shared",
      initial_scale: 0.2,
      min_scale: 0.1,
      levels: 2,
    };
    await saveTinyModel(inFolder("likely"));
    await writeSafetensorsFile(
      inFolder("likely/likelihood.safetensors"),
      new Map([["likelihood.scale", Tensor.zeros([1])]]),
      { pixels: JSON.stringify(beside) },
    );
    await succeed([
      ...["--model", "likely", "--device", "cpu", "--count", "2", "--seed", "3", "--size", "16"],
      ...["--pixels", "sample", "--out", "levels.png"],
    ]);
    const { data } = await readImage(inFolder("levels.png"));
    // Two levels, and the gap between the pictures.
    expect([...new Set(data)].sort()).toEqual([0, 255]);
  });

  test("is refused where a model gives pixels and no distribution", async () => {
    const { code, stderr } = await run([...model, "--pixels", "sample", "--out", "never.png"]);
    expect(stderr).toContain(
      "the model gives pixels and no distribution of them. Train it with loss.likelihood",
    );
    expect(code).not.toBe(0);
  });
});

test.each([
  [["--between", "a.png", "b.png", "--add", "a.png"], "give one of them"],
  [["--between", "a.png"], "--between: expected two pictures, found 1"],
  [["--subtract", "a.png", "b.png"], "at least two pictures, one of them to add"],
  [["--steps", "4"], "--steps is for --between, not for random samples"],
  [["--between", "a.png", "b.png", "--seed", "1"], "--seed is for random samples, not for --between"],
  [["--between", "a.png", "b.png", "--steps", "1"], "--steps: expected at least 2"],
  [["--size", "4"], "--size: expected sides of at least 8 pixels"],
  [["--size", "big"], "Expected N or WxH in pixels"],
])("sample %j is wrong usage", async (args, message) => {
  const before = await listFiles(folder.path);
  const { code, stderr } = await run([...args, ...model, "--out", "never.png"]);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
  expect(await listFiles(folder.path)).toEqual(before);
});

test("sample refuses what an MLP cannot do", async () => {
  const { code, stderr } = await run([...mlp, "--size", "32", "--out", "never.png"]);
  expect(stderr).toContain("--size: this model's pictures have one size only");
  expect(code).toBe(2);
});

test("sample says that a codebook has no prior, and not where pictures are encoded", async () => {
  await cp(fixturePath(manifest.vq_models[0]!.folder), inFolder("vq"), { recursive: true });
  const vq = ["--model", "vq", "--device", "cpu", "--size", "16"];
  const prior = await run([...vq, "--count", "1", "--out", "vq.png"]);
  expect([prior.code, prior.stderr]).toEqual([
    0,
    "vaekit: A VQModel has no prior of its own: the rows of its codebook that are nearest to N(0, 1) are decoded, which are textures without objects.\n",
  ]);
  await succeed([...vq, "--between", "a.png", "b.png", "--steps", "2", "--out", "way.png"]);
});
