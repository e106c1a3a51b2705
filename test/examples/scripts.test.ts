/** The scripts of examples/ run as they are, in a project that has vaekit installed. */
import { spawnSync } from "node:child_process";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AutoencoderKL,
  openVae,
  psnr,
  readImage,
  readSafetensorsFile,
  type Raster,
} from "../../src/node/index.ts";
import { Consumer } from "../package/consumer.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = join(root, "test", "fixtures");
const tinyModel = join(fixtures, "models", "flux");

let consumer: Consumer;
const inFolder = (...names: string[]): string => join(consumer.folder, ...names);
beforeAll(async () => {
  consumer = await Consumer.create();
  await cp(join(root, "examples"), inFolder("examples"), { recursive: true });
}, 180_000);
afterAll(() => consumer.remove());

test("roundtrip.mjs makes a picture of latents that it made of a picture", async () => {
  const photo = join(root, "assets", "sample.png");
  const outcome = await consumer.node([join("examples", "roundtrip.mjs"), photo, "out.png"]);
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  const found = await readImage(inFolder("out.png"));
  const latents = `[1, 16, ${found.height / 8}, ${found.width / 8}]`;
  expect(outcome.stdout).toBe(`latents: ${latents}\nout.png: ${found.width}x${found.height} pixels\n`);
  const vae = await AutoencoderKL.default();
  const [original] = vae.postprocess(vae.preprocess(await readImage(photo), { size: 256 }));
  await vae.dispose();
  // The built-in model's loss on this picture; another picture or a wrong scaling is below 20 dB.
  expect(psnr(found, original!)).toBeGreaterThan(26);
});

test("roundtrip.mjs and its like say how they are called", async () => {
  for (const script of ["roundtrip.mjs", "train-in-memory.mjs", join("python", "decode.mjs")]) {
    const outcome = await consumer.node([join("examples", script)]);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^Usage: node \S+\.mjs [A-Z]/);
  }
});

test("train-in-memory.mjs prints losses that fall, and writes a model that opens", async () => {
  const outcome = await consumer.node([join("examples", "train-in-memory.mjs"), "model", "40"]);
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  const losses = [...outcome.stdout.matchAll(/^step (\d+): loss (\d+\.\d+)$/gm)].map((match) =>
    Number(match[2]),
  );
  expect(losses).toHaveLength(40);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  expect(mean(losses.slice(-5))).toBeLessThan(0.7 * mean(losses.slice(0, 5)));
  expect(outcome.stdout).toMatch(/The model: model\n$/);
  const vae = await openVae(inFolder("model"));
  expect(vae.facts).toMatchObject({ latentChannels: 4, spatialFactor: 2 });
  await vae.dispose();
});

/** What diffusers decoded, as a raster. */
async function decodedByPython(): Promise<Raster> {
  const { tensors } = await readSafetensorsFile(join(fixtures, "examples", "decoded.safetensors"));
  const { data, shape } = tensors.get("picture")!;
  const [, channels = 0, height = 0, width = 0] = shape;
  const samples = Uint8Array.from({ length: data.length }, (_, i) => {
    return Number(data[(i % channels) * width * height + Math.floor(i / channels)]);
  });
  return { width, height, channels: 3, data: samples };
}

test("python/decode.mjs makes of Python's latents the picture that Python makes", async () => {
  const latents = join(fixtures, "examples", "latents.safetensors");
  const outcome = await consumer.node([
    join("examples", "python", "decode.mjs"),
    latents,
    "decoded.png",
    tinyModel,
  ]);
  expect(outcome).toMatchObject({ code: 0, stdout: "decoded.png: 32x32 pixels\n" });
  expect(outcome.stderr).toContain("latents.safetensors");
  const found = await readImage(inFolder("decoded.png"));
  const expected = await decodedByPython();
  // One level of 255: what float32's rounding moves across the middle between two levels.
  expect(found.data.length).toBe(expected.data.length);
  const distance = Math.max(...found.data.map((sample, i) => Math.abs(sample - expected.data[i]!)));
  expect(distance).toBeLessThanOrEqual(1);
  expect(new Set(expected.data).size).toBeGreaterThan(20);
});

/** A Python that has torch, diffusers, safetensors and pillow. */
const python = process.env.VAEKIT_PYTHON;

test.skipIf(python === undefined)(
  `python/encode.py makes the committed latents${python === undefined ? ": NOT RUN, set VAEKIT_PYTHON to a Python with diffusers" : ""}`,
  async () => {
    const [latents, decoded] = [inFolder("latents.safetensors"), inFolder("decoded.safetensors")];
    const photo = join(root, "assets", "sample.png");
    const args = [photo, latents, "--model", tinyModel, "--size", "32", "--decoded", decoded];
    const { status, stderr } = spawnSync(python!, [inFolder("examples", "python", "encode.py"), ...args], {
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    const [made, committed] = await Promise.all(
      [latents, join(fixtures, "examples", "latents.safetensors")].map(async (path) => {
        return (await readSafetensorsFile(path)).tensors.get("latents")!.toFloat32();
      }),
    );
    expect(made!.shape).toEqual(committed!.shape);
    // Another build of PyTorch sums in another order.
    expect(made!.data).toBeAllclose(committed!.data, { absolute: 1e-5, relative: 1e-5 });
    expect((await readFile(decoded)).length).toBeGreaterThan(0);
  },
);
