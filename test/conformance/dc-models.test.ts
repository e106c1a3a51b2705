/** AutoencoderDC gives diffusers' numbers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderDC, EncoderOutput, openVae } from "../../src/node/index.ts";
import { openVaeOn } from "../models-on-runtimes.ts";
import { fixturePath, manifest, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const whole = manifest.dc_models.filter(({ tiled }) => !tiled);
const tiled = manifest.dc_models.filter((each) => each.tiled);

describe.each(whole)("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  let vae: AutoencoderDC;
  beforeAll(async () => {
    vae = await AutoencoderDC.fromPretrained(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  // A picture that needs no tiles goes through as a whole.
  test.each(["off", "exact", "auto", "diffusers"] as const)(
    "tiling %s: encode and decode",
    async (tiling) => {
      const encoded = await vae.encode(goldens.get("pixels"), { tiling });
      const { sample } = await vae.decode(goldens.get("latents"), { tiling });
      expect(encoded).toBeInstanceOf(EncoderOutput);
      expect(encoded.latent).toBeAllclose(goldens.get("encoded"), modelTolerance);
      expect(encoded.latents()).toBeAllclose(encoded.latent, { absolute: 0 });
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    },
  );

  test("latents are scaled as pipelines do", () => {
    const latents = goldens.get("latents");
    // One rounding per operation of float32.
    expect(vae.normalizeLatents(latents)).toBeAllclose(goldens.get("normalized"), { absolute: 1e-6 });
    expect(vae.denormalizeLatents(latents)).toBeAllclose(goldens.get("denormalized"), { absolute: 1e-6 });
  });

  test("every tensor of the file is the model's", () => {
    expect(vae.unexpectedTensors).toEqual([]);
  });

  test("on WebAssembly, as a whole and in strips", async () => {
    await using web = await openVaeOn("onnxruntime-web (WebAssembly)", fixturePath(folder));
    for (const tiling of ["off", "exact"] as const) {
      const encoded = await web.encode(goldens.get("pixels"), { tiling });
      const { sample } = await web.decode(goldens.get("latents"), { tiling });
      expect(encoded.latents()).toBeAllclose(goldens.get("encoded"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    }
  });
});

test.each(tiled)("$name: diffusers' tiles", async ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  await using vae = await AutoencoderDC.fromPretrained(fixturePath(folder), { device: "cpu" });
  const encoded = await vae.encode(goldens.get("pixels"), { tiling: "diffusers" });
  const { sample } = await vae.decode(goldens.get("latents"), { tiling: "diffusers" });
  expect(encoded.latents()).toBeAllclose(goldens.get("tiled_encoded"), modelTolerance);
  expect(sample).toBeAllclose(goldens.get("tiled_sample"), modelTolerance);
});

describe("single files", () => {
  const goldens = readGoldens("dc-models/sana/golden.safetensors");

  test.each([
    ["diffusers' names", "dc-models/sana/diffusion_pytorch_model.safetensors"],
    ["the original repository's names", "dc-models/original/sana.safetensors"],
  ])("with %s", async (_, path) => {
    // Sana's own have 32 latent channels, by which their scaling is known.
    const config = { scalingFactor: 0.41407 };
    await using vae = await openVae(fixturePath(path), { device: "cpu", config });
    expect(vae).toBeInstanceOf(AutoencoderDC);
    expect(vae.unexpectedTensors).toEqual([]);
    const encoded = await vae.encode(goldens.get("pixels"));
    const { sample } = await vae.decode(goldens.get("latents"));
    expect(encoded.latents()).toBeAllclose(goldens.get("encoded"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });

  test("that enter at the second stage, with another activation than the published ones", async () => {
    const path = "dc-models/imagenet/diffusion_pytorch_model.safetensors";
    const others = readGoldens("dc-models/imagenet/golden.safetensors");
    const config = { scaling_factor: 0.3189, attention_head_dim: 8 };
    await using vae = await openVae(fixturePath(path), { device: "cpu", config });
    const { sample } = await vae.decode(others.get("latents"));
    expect(sample).toBeAllclose(others.get("sample"), modelTolerance);
  });
});
