/** Weights of models of videos as others keep them: under Wan's names, and with kernels that one frame meets. */
import { describe, expect, test } from "vitest";
import { AutoencoderKLOutput } from "../../src/latents/index.ts";
import { wanNames } from "../../src/models/autoencoder-kl-wan/names.ts";
import { AutoencoderKL, AutoencoderKLQwenImage, openVae } from "../../src/node/index.ts";
import { fixturePath, readGoldens, readJson } from "../conformance/fixtures.ts";
import { modelTolerance } from "../conformance/tolerance.ts";

const folder = "video-models/qwen-image-alpha";
const statistics = readJson(`${folder}/config.json`) as { latents_mean: number[]; latents_std: number[] };
const { latents_mean, latents_std } = statistics;
const options = { config: { latents_mean, latents_std }, device: "cpu" } as const;
const path = (name: string): string => fixturePath(`video-models/files/${name}.safetensors`);

describe.each(["original", "two_dimensional"])("a file with %s weights", (name) => {
  test("is opened by its tensors, and gives diffusers' numbers", async () => {
    const goldens = readGoldens(`${folder}/golden.safetensors`);
    const warnings: string[] = [];
    await using vae = await openVae(path(name), { ...options, onWarning: (text) => warnings.push(text) });
    expect(warnings).toEqual([]);
    expect(vae).toBeInstanceOf(AutoencoderKLQwenImage);
    expect(vae.configText()).toContain('"input_channels": 4');
    for (const tiling of ["off", "exact"] as const) {
      const encoded = await vae.encode(goldens.get("pixels"), { tiling });
      if (!(encoded instanceof AutoencoderKLOutput)) throw new Error("expected a posterior");
      expect(encoded.latentDist.parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
      const { sample } = await vae.decode(goldens.get("latents"), { tiling });
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    }
  });
});

test("another class refuses the file, with the class that it is of", async () => {
  await expect(AutoencoderKL.fromSingleFile(path("original"))).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringContaining("found a model of the class AutoencoderKLQwenImage") as string,
  });
});

const layouts = Object.entries(
  readJson("video-models/files/names.json") as Record<string, Record<string, string>>,
);

test.each(layouts)("the original names of %s become diffusers', which stay as they are", (_, names) => {
  const rename = wanNames.ofFile(Object.keys(names));
  expect(Object.fromEntries(Object.keys(names).map((name) => [name, rename(name)]))).toEqual(names);
  const again = wanNames.ofFile(Object.values(names));
  expect(Object.values(names).map(again)).toEqual(Object.values(names));
});
