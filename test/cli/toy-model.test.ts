/** The command line works on a class of autoencoder that it has never heard of, once the program knows it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Generator, readSafetensorsFile, registerModel, writeSafetensorsFile } from "../../src/node/index.ts";
import { toyConfigSchema, type ToyConfig } from "../toy-model/config.ts";
import { toyModel } from "../toy-model/graph.ts";
import { runCli, savePicture, temporaryFolder } from "./run-cli.ts";

const config: ToyConfig = {
  pictureChannels: 3,
  codeChannels: 6,
  width: 8,
  codeCentre: [0.5, -0.5, 0, 0, 1, 2],
  codeSpread: [2, 4, 1, 1, 0.5, 8],
};

let folder: string;
let remove: () => Promise<void>;
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await mkdir(inFolder("toy"));
  await writeFile(inFolder("toy/config.json"), toyConfigSchema.format(config));
  const weights = toyModel.initialize(config, Generator.torch(3));
  await writeSafetensorsFile(inFolder("toy/diffusion_pytorch_model.safetensors"), weights);
  await savePicture(inFolder("a.png"), 50, 34);
  await savePicture(inFolder("b.png"), 48, 32);
});
afterAll(() => remove());

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** As `--json` prints it. */
const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await succeed(...args, "--json")) as Record<string, unknown>;

test("a program that was not told of the class names those that it knows", async () => {
  const { code, stderr } = await runCli(["inspect", "toy"], { cwd: folder });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^vaekit: .*config\.json: expected the config of one of the classes that vaekit reads, .+ or .+, found that of "ToyAutoencoder"\.\n$/,
  );
});

describe("with a class that a program has added", () => {
  beforeAll(() => {
    registerModel(toyModel);
  });

  test("inspect prints its config, its parameters and its scaling", async () => {
    const text = await succeed("inspect", "toy");
    expect(text).toContain('"_class_name": "ToyAutoencoder"');
    expect(text).toContain("grow.1.conv.weight");
    expect(text).toContain("one latent covers 4x4 pixels");
    expect(text).toContain("Latents are scaled by latents_mean and latents_std alone.");
    expect(await json("inspect", "toy")).toMatchObject({
      config: { _class_name: "ToyAutoencoder", code_channels: 6 },
      scaling: { kind: "meanStd", mean: config.codeCentre },
      spatialFactor: 4,
      missing: [],
      unexpected: [],
    });
  });

  test("inspect --plan plans its halves", async () => {
    expect(await succeed("inspect", "toy", "--plan", "--size", "64", "--half", "encoder")).toContain(
      "squeeze.0.conv",
    );
  });

  test("encode writes its latents, normalized in its way, and decode makes a picture of them", async () => {
    await succeed("encode", "b.png", "--model", "toy", "--size", "32", "--out", "b.safetensors");
    const { tensors } = await readSafetensorsFile(inFolder("b.safetensors"));
    expect(tensors.get("latents")!.shape).toEqual([1, 6, 8, 12]);
    await succeed("decode", "b.safetensors", "--model", "toy", "--out", "again.png");
    expect(await sharp(inFolder("again.png")).metadata()).toMatchObject({
      width: 48,
      height: 32,
      channels: 3,
    });
  });

  test("encode --sample says in one line that there is nothing to sample from", async () => {
    const { code, stderr } = await runCli(
      ["encode", "b.png", "--model", "toy", "--sample", "--out", "no.safetensors"],
      { cwd: folder },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^vaekit: .*this model has no distribution over latents.*\n$/);
  });

  test("decode refuses the latents of another class", async () => {
    const { code, stderr } = await runCli(["decode", "b.safetensors", "--out", "no.png"], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^vaekit: .*expected latents \[N, 16, h, w\].*found float32 \[1, 6, 8, 12\].*\n$/);
  });

  test("roundtrip measures and draws it", async () => {
    const text = await succeed("roundtrip", "a.png", "b.png", "--model", "toy", "--out", "out");
    expect(text).toContain("a.png");
    expect((await readFile(inFolder("out/a.reconstruction.png"))).byteLength).toBeGreaterThan(0);
  });

  test("calibrate measures its latents", async () => {
    expect(await json("calibrate", "a.png", "b.png", "--model", "toy", "--size", "32")).toMatchObject({
      pictures: 2,
    });
  });

  test("export writes a half that ONNX Runtime runs", async () => {
    await succeed(
      "export",
      "--model",
      "toy",
      "--half",
      "decoder",
      "--height",
      "16",
      "--width",
      "24",
      "--out",
      "onnx",
    );
    const session = await ort.InferenceSession.create(inFolder("onnx/vae_decoder.onnx"));
    const code = new ort.Tensor("float32", new Float32Array(6 * 4 * 6), [1, 6, 4, 6]);
    const { picture } = await session.run({ code });
    expect(picture!.dims).toEqual([1, 3, 16, 24]);
    await session.release();
  });
});
