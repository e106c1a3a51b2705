/** encode and decode give diffusers' numbers, for every switch of the config. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL } from "../../src/node/index.ts";
import { openOn } from "../models-on-runtimes.ts";
import { fixturePath, manifest, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

describe.each(manifest.models.filter((each) => !each.tiled))("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  let vae: AutoencoderKL;
  beforeAll(async () => {
    vae = await AutoencoderKL.fromPretrained(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  test("encode gives diffusers' parameters", async () => {
    const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "off" });
    expect(latentDist.parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
  });

  test("decode gives diffusers' sample", async () => {
    const { sample } = await vae.decode(goldens.get("latents"), { tiling: "off" });
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });

  test("slicing gives the same numbers", async () => {
    const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "off", slicing: true });
    const { sample } = await vae.decode(goldens.get("latents"), { tiling: "off", slicing: true });
    expect(latentDist.parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });

  test("in strips, encode and decode give the same", async () => {
    const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "exact" });
    const { sample } = await vae.decode(goldens.get("latents"), { tiling: "exact" });
    expect(latentDist.parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });

  test("latents are rescaled as the family's pipelines do", () => {
    const latents = goldens.get("latents");
    // One rounding per operation of float32.
    const tolerance = { absolute: 1e-6, relative: 1e-6 };
    expect(vae.normalizeLatents(latents)).toBeAllclose(goldens.get("normalized"), tolerance);
    expect(vae.denormalizeLatents(latents)).toBeAllclose(goldens.get("denormalized"), tolerance);
  });
});

/** These differ from the others only in how many levels, layers and channels they have. */
const onlyLarger = ["sd", "sd3", "flux", "uneven-channels"];

describe("in strips on WebAssembly", () => {
  test.each(manifest.models.filter((each) => !each.tiled && !onlyLarger.includes(each.name)))(
    "$name ($covers) gives diffusers' parameters and sample",
    async ({ folder, golden }) => {
      const goldens = readGoldens(golden);
      await using vae = await openOn("onnxruntime-web (WebAssembly)", fixturePath(folder));
      const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "exact" });
      const { sample } = await vae.decode(goldens.get("latents"), { tiling: "exact" });
      expect(latentDist.parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    },
  );
});

test("forward decodes the posterior's mode", async () => {
  const goldens = readGoldens("models/sd/golden.safetensors");
  await using vae = await AutoencoderKL.fromPretrained(fixturePath("models/sd"), { device: "cpu" });
  const { sample } = await vae.forward(goldens.get("pixels"));
  expect(sample).toBeAllclose(goldens.get("reconstruction"), modelTolerance);
});

describe.each(manifest.models.filter((each) => each.tiled))("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  let vae: AutoencoderKL;
  beforeAll(async () => {
    vae = await AutoencoderKL.fromPretrained(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  test("tiled encode gives diffusers' parameters", async () => {
    const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "diffusers" });
    expect(latentDist.parameters).toBeAllclose(goldens.get("tiled_parameters"), modelTolerance);
  });

  test("slicing gives the same parameters", async () => {
    const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "diffusers", slicing: true });
    expect(latentDist.parameters).toBeAllclose(goldens.get("tiled_parameters"), modelTolerance);
  });

  test("tiled decode gives diffusers' sample", async () => {
    const { sample } = await vae.decode(goldens.get("latents"), { tiling: "diffusers" });
    expect(sample).toBeAllclose(goldens.get("tiled_sample"), modelTolerance);
  });
});
