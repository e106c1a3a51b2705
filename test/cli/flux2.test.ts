/** The command line on FLUX.2's autoencoder: buffers are printed and kept, latents come in patches. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  openVae,
  packLatents,
  readSafetensorsFile,
  Tensor,
  writeSafetensorsFile,
} from "../../src/node/index.ts";
import { fixturePath, readGoldens } from "../conformance/fixtures.ts";
import { modelTolerance } from "../conformance/tolerance.ts";
import { runCli, savePicture, temporaryFolder } from "./run-cli.ts";

/** Four pixels to a latent, a decoder of other widths. */
const model = fixturePath("flux2-models/small-decoder");

let folder: string;
let remove: () => Promise<void>;
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await savePicture(inFolder("a.png"), 53, 34);
});
afterAll(() => remove());

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

test("inspect prints parameters and buffers", async () => {
  const text = await succeed("inspect", model);
  expect(text).toContain("bn.num_batches_tracked");
  expect(text).toContain("Latents are scaled by a mean and a std for each of 32 features of 2x2 patches.");
  const report = JSON.parse(await succeed("inspect", model, "--json")) as Record<string, unknown>;
  const names = (report["parameters"] as { name: string }[]).map(({ name }) => name);
  expect(names.some((name) => name.startsWith("bn."))).toBe(false);
  expect(report).toMatchObject({
    scaling: { kind: "patchMeanStd", latentChannels: 8 },
    buffers: [
      { name: "bn.running_mean", shape: [32], count: 32, byteLength: 128 },
      { name: "bn.running_var", shape: [32] },
      { name: "bn.num_batches_tracked", shape: [], dtype: "int64", byteLength: 8 },
    ],
    missing: [],
    unexpected: [],
  });
});

test("encode makes pictures of whole patches, and what decode reads is what it wrote", async () => {
  await succeed("encode", "a.png", "-o", "a.safetensors", "--size", "34", "--model", model);
  const { tensors, metadata } = await readSafetensorsFile(inFolder("a.safetensors"));
  expect(tensors.get("latents")?.shape).toEqual([1, 8, 8, 12]);
  expect(JSON.parse(metadata["patch_std"]!)).toHaveLength(32);
  await using vae = await openVae(model, { device: "cpu" });
  expect(tensors.get("latents")).toBeAllclose(await vae.encodeImage(inFolder("a.png")), { absolute: 1e-6 });
  expect(await succeed("decode", "a.safetensors", "-o", "b.png", "--model", model)).toContain("b.png");
});

test("decode reads the tokens that FLUX.2's pipeline gives", async () => {
  const goldens = readGoldens("flux2-models/small-decoder/golden-even.safetensors");
  const tokens = new Map([["latents", packLatents(goldens.get("latents"))]]);
  await writeSafetensorsFile(inFolder("tokens.safetensors"), tokens);
  const args = ["decode", "tokens.safetensors", "-o", "c.png", "--model", model, "--packed", "40x48"];
  const { code, stderr } = await runCli(args, { cwd: folder });
  expect(code).toBe(0);
  expect(stderr).toContain("assumed normalized latents");
});

test("latents of another model's statistics are decoded with a warning", async () => {
  const other = fixturePath("flux2-models/tiled");
  const args = ["decode", "a.safetensors", "-o", "d.png", "--model", other];
  const { code, stderr } = await runCli(args, { cwd: folder });
  expect(code).toBe(0);
  expect(stderr).toContain("made with patch_mean");
  expect(stderr).toContain("is it the same model?");
});

test("roundtrip cuts pictures to multiples of 16, and calibrate has no config to advise", async () => {
  const roundtrip = JSON.parse(
    await succeed("roundtrip", "a.png", "--size", "34", "--model", model, "--json"),
  ) as unknown;
  expect(roundtrip).toMatchObject({ pictures: [{ width: 48, height: 32 }] });
  const calibration = JSON.parse(
    await succeed("calibrate", "a.png", "--size", "34", "--model", model, "--json"),
  ) as unknown;
  // Its config.json has no keys for what was measured.
  expect(calibration).toMatchObject({ pictures: 1, config: null });
});

test("export writes a decoder that gives the same", async () => {
  const size = ["--half", "decoder", "--width", "40", "--height", "48"];
  await succeed("export", "--model", model, ...size, "--out", "exported");
  const [name] = (await readdir(inFolder("exported"))).filter((each) => each.endsWith(".onnx"));
  const session = await ort.InferenceSession.create(inFolder(`exported/${name}`));
  const goldens = readGoldens("flux2-models/small-decoder/golden-even.safetensors");
  const { data, shape } = goldens.get("latents").toFloat32();
  const { sample } = await session.run({ latent_sample: new ort.Tensor("float32", data, shape) });
  await session.release();
  expect(Tensor.from(sample!.data as Float32Array, sample!.dims)).toBeAllclose(
    goldens.get("sample"),
    modelTolerance,
  );
});
