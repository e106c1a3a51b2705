/** What is wrong with FLUX.2's weights and latents is said before anything is computed with it. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  AutoencoderKLFlux2,
  compareWeights,
  openVae,
  readSafetensorsFile,
  Tensor,
  writeSafetensorsFile,
} from "../src/node/index.ts";
import { fixturePath } from "./conformance/fixtures.ts";

const whole = fixturePath("flux2-models/small-decoder");
const root = mkdtempSync(join(tmpdir(), "vaekit-flux2-bad-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** The model's folder with other tensors; one that is undefined is left out. */
async function changed(name: string, changes: Readonly<Record<string, Tensor | undefined>>): Promise<string> {
  const folder = join(root, name);
  mkdirSync(folder);
  copyFileSync(join(whole, "config.json"), join(folder, "config.json"));
  const file = "diffusion_pytorch_model.safetensors";
  const { tensors } = await readSafetensorsFile(join(whole, file));
  const kept = new Map(tensors);
  for (const [key, tensor] of Object.entries(changes)) {
    if (tensor === undefined) kept.delete(key);
    else kept.set(key, tensor);
  }
  await writeSafetensorsFile(join(folder, file), kept);
  return folder;
}

const open = (folder: string): Promise<AutoencoderKLFlux2> =>
  AutoencoderKLFlux2.fromPretrained(folder, { device: "cpu" });

const variances = (first: number): Tensor =>
  Tensor.from(new Float32Array(32).fill(1).fill(first, 0, 1), [32]);

test("a model without its statistics is no model: diffusers would take 0 and 1", async () => {
  const folder = await changed("missing", { "bn.running_mean": undefined, "bn.running_var": undefined });
  await expect(open(folder)).rejects.toMatchObject({
    code: "WEIGHTS_MISMATCH",
    message: expect.stringContaining(
      "expected AutoencoderKLFlux2's tensors beside its parameters, found no bn.running_mean, bn.running_var",
    ) as string,
  });
  expect(await compareWeights(folder)).toEqual({
    missing: ["bn.running_mean", "bn.running_var"],
    unexpected: [],
    wrongShape: [],
  });
});

test("how many batches they are of may be left out", async () => {
  await using vae = await open(await changed("uncounted", { "bn.num_batches_tracked": undefined }));
  expect(vae.bufferTable().map(({ name }) => name)).toEqual(["bn.running_mean", "bn.running_var"]);
  expect(vae.scaling.kind).toBe("patchMeanStd");
});

test("statistics of another number of features", async () => {
  const folder = await changed("short", { "bn.running_mean": Tensor.zeros([8]) });
  await expect(open(folder)).rejects.toMatchObject({
    code: "WEIGHTS_MISMATCH",
    message: expect.stringContaining("expected bn.running_mean to be [32], found [8]") as string,
  });
});

test.each([
  ["negative", -0.5],
  ["not-finite", NaN],
])("a variance that is %s", async (name, value) => {
  const folder = await changed(name, { "bn.running_var": variances(value) });
  await expect(open(folder)).rejects.toMatchObject({
    code: "INVALID_FILE",
    message: expect.stringContaining(
      `${folder}: bn.running_var: expected a finite variance of at least 0 for each feature of a patch, found ${value} at place 1`,
    ) as string,
  });
});

test("latents of another number of channels, and of odd sides", async () => {
  await using vae = await openVae(whole, { device: "cpu" });
  await expect(vae.decode(Tensor.zeros([1, 16, 4, 4]))).rejects.toThrow("expected latents [N, 8, h, w]");
  expect(() => vae.normalizeLatents(Tensor.zeros([1, 4, 4, 4]))).toThrow("expected latents [N, 8, h, w]");
  expect(() => vae.denormalizeLatents(Tensor.zeros([1, 8, 3, 4]))).toThrow(
    "expected latents of an even height and width, which are normalised in patches of 2x2, found 3x4",
  );
});
