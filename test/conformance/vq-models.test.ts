/** VQModel's encode, quantise and decode give diffusers' numbers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVae, VQModel } from "../../src/node/index.ts";
import { openVaeOn } from "../models-on-runtimes.ts";
import { fixturePath, manifest, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

/** A mean of squares, rounded in another order. */
const lossTolerance = { absolute: 0, relative: 1e-6 };

describe.each(manifest.vq_models)("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  let vae: VQModel;
  beforeAll(async () => {
    vae = await VQModel.fromPretrained(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  test("openVae opens it as a VQModel", async () => {
    await using opened = await openVae(fixturePath(folder), { device: "cpu" });
    expect(opened).toBeInstanceOf(VQModel);
  });

  test.each(["off", "exact", "auto"] as const)(
    "encode with tiling %s gives diffusers' latents",
    async (tiling) => {
      const latents = (await vae.encode(goldens.get("pixels"), { tiling })).latents();
      expect(latents).toBeAllclose(goldens.get("encoded"), modelTolerance);
    },
  );

  test("each latent has diffusers' row", async () => {
    const { indices } = await vae.quantize(goldens.get("latents"));
    expect(indices.equals(goldens.get("indices"))).toBe(true);
  });

  test.each(["off", "exact", "auto"] as const)(
    "decode with tiling %s gives diffusers' sample and commitment loss",
    async (tiling) => {
      const { sample, commitLoss } = await vae.decode(goldens.get("latents"), { tiling });
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
      expect(commitLoss).toBeAllclose(goldens.get("commit_loss"), lossTolerance);
    },
  );

  test("decode without quantising gives diffusers' sample, and zeros of its type", async () => {
    const options = { forceNotQuantize: true };
    // As diffusers takes rows' numbers: all in one list, and their places beside them.
    const indices = goldens.get("indices");
    const places = { shape: [...indices.shape, goldens.get("latents").shape[1]!] };
    const { sample, commitLoss } = vae.config.lookupFromCodebook
      ? await vae.decode(indices.reshape([indices.size]), { ...options, ...places })
      : await vae.decode(goldens.get("latents"), options);
    expect(sample).toBeAllclose(goldens.get("sample_forced"), modelTolerance);
    expect(commitLoss!.equals(goldens.get("commit_loss_forced"))).toBe(true);
  });

  test("forward quantises what it encoded", async () => {
    const { sample } = await vae.forward(goldens.get("pixels"));
    expect(sample).toBeAllclose(goldens.get("reconstruction"), modelTolerance);
  });

  test("in strips on WebAssembly it is the same", async () => {
    await using web = await openVaeOn("onnxruntime-web (WebAssembly)", fixturePath(folder));
    const latents = (await web.encode(goldens.get("pixels"), { tiling: "exact" })).latents();
    const { sample } = await web.decode(goldens.get("latents"), { tiling: "exact" });
    expect(latents).toBeAllclose(goldens.get("encoded"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });
});

test("rows' numbers in their places need no shape", async () => {
  const goldens = readGoldens("vq-models/lookup/golden.safetensors");
  await using vae = await VQModel.fromPretrained(fixturePath("vq-models/lookup"), { device: "cpu" });
  const { sample, commitLoss } = await vae.decode(goldens.get("indices"), { forceNotQuantize: true });
  expect(sample).toBeAllclose(goldens.get("sample_forced"), modelTolerance);
  expect(commitLoss!.shape).toEqual([2]);
});
