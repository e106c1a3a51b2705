/** AutoencoderKLHunyuanImage gives diffusers' numbers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { autoencoderKLHunyuanImage } from "../../src/models/index.ts";
import { AutoencoderKLHunyuanImage, openVae, Tensor } from "../../src/node/index.ts";
import { openVaeOn } from "../models-on-runtimes.ts";
import { fixturePath, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const folder = fixturePath("hunyuan-image");
const goldens = readGoldens("hunyuan-image/golden.safetensors");
let vae: AutoencoderKLHunyuanImage;
beforeAll(async () => {
  vae = await AutoencoderKLHunyuanImage.fromPretrained(folder, { device: "cpu" });
});
afterAll(() => vae.dispose());

test.each(["off", "exact", "auto", "diffusers"] as const)("tiling %s: encode and decode", async (tiling) => {
  const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling });
  const { sample } = await vae.decode(goldens.get("latents"), { tiling });
  expect(latentDist.parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
  expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
});

test("diffusers' tiles are decoded as there", async () => {
  const tiled = readGoldens("hunyuan-image/golden-tiled.safetensors");
  const { sample } = await vae.decode(tiled.get("latents"), { tiling: "diffusers" });
  expect(sample).toBeAllclose(tiled.get("tiled_sample"), modelTolerance);
});

test("on WebAssembly, as a whole and in strips", async () => {
  await using web = await openVaeOn("onnxruntime-web (WebAssembly)", folder);
  for (const tiling of ["off", "exact"] as const) {
    const encoded = await web.encode(goldens.get("pixels"), { tiling });
    const { sample } = await web.decode(goldens.get("latents"), { tiling });
    expect(encoded.latents()).toBeAllclose(
      (await vae.encode(goldens.get("pixels"))).latentDist.mean,
      modelTolerance,
    );
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  }
});

test("latents are scaled as pipelines do", () => {
  const latents = goldens.get("latents");
  // One rounding per operation of float32.
  expect(vae.normalizeLatents(latents)).toBeAllclose(goldens.get("normalized"), { absolute: 1e-6 });
  expect(vae.denormalizeLatents(latents)).toBeAllclose(goldens.get("denormalized"), { absolute: 1e-6 });
});

describe("a single file", () => {
  const file = `${folder}/diffusion_pytorch_model.safetensors`;

  test("says its config but for the scaling", async () => {
    const config = { scaling_factor: 0.75289, sample_size: 16 };
    await using opened = await openVae(file, { device: "cpu", config });
    expect(opened).toBeInstanceOf(AutoencoderKLHunyuanImage);
    expect(opened.config).toEqual(vae.config);
    const { sample } = await opened.decode(goldens.get("latents"));
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });

  test("without a scaling is refused", async () => {
    await expect(openVae(file)).rejects.toThrow("has 8 latent channels, as no published model has");
  });
});

test("pixels that are no whole latents are refused", async () => {
  await expect(vae.encode(Tensor.zeros([1, 3, 10, 13]))).rejects.toThrow("with H and W multiples of 2");
});

describe("a config is refused", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["with a ratio that is no power of two", { spatial_compression_ratio: 24 }, "a power of two, at most 32"],
    ["with a ratio of more levels", { spatial_compression_ratio: 64 }, "at most 32 for 6 block_out_channels"],
    [
      "with channels in no groups of 32",
      { block_out_channels: [48, 256, 512, 512, 1024, 1024] },
      "multiples of 32, found 48",
    ],
    ["whose latents do not divide the last level", { latent_channels: 48 }, "twice the latent_channels, 96"],
    [
      "with which diffusers fails",
      { upsample_match_channel: false },
      "since diffusers fails with others, found 128 and 256",
    ],
    [
      "whose shortcuts join no whole runs",
      { block_out_channels: [128, 384, 512, 512, 1024, 1024] },
      "found 128 and 384",
    ],
  ])("%s", (_, keys, message) => {
    const json = { _class_name: "AutoencoderKLHunyuanImage", ...keys };
    const parse = (): unknown => autoencoderKLHunyuanImage.config.parse(json, "config.json");
    expect(parse).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
    expect(parse).toThrow(message);
  });
});
