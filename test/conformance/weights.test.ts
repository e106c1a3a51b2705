/** Every file layout gives the model that diffusers loads from it. */
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/models/autoencoder-kl/config.ts";
import { AutoencoderKL } from "../../src/node/index.ts";
import { fixturePath, manifest, readGoldens, readJson, type WeightsCase } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const goldens = readGoldens("weights/golden.safetensors");

function load(each: WeightsCase): Promise<AutoencoderKL> {
  const path = fixturePath(each.path);
  const { subfolder, variant } = each;
  if (each.config === undefined)
    return AutoencoderKL.fromPretrained(path, { subfolder, variant, device: "cpu" });
  const { config } = parseConfig(readJson(each.config), each.config);
  return AutoencoderKL.fromSingleFile(path, { config, device: "cpu" });
}

describe.each(manifest.weights)("$name", (each) => {
  test("gives diffusers' numbers", async () => {
    await using vae = await load(each);
    const latents = goldens.get(`${each.golden_prefix}latents`);
    const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "off" });
    const { sample } = await vae.decode(latents, { tiling: "off" });
    const golden = (output: string) => goldens.get(`${each.golden_prefix}${output}_${each.dtype}`);
    expect(latentDist.parameters).toBeAllclose(golden("parameters"), modelTolerance);
    expect(sample).toBeAllclose(golden("sample"), modelTolerance);
  });
});
