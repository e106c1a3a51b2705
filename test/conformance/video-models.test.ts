/** Models of videos give diffusers' numbers for one frame. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVae, type NodeVae } from "../../src/node/index.ts";
import { AutoencoderKLOutput } from "../../src/latents/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Tiling } from "../../src/vae/options.ts";
import type { Vae } from "../../src/vae/vae.ts";
import { openVaeOn } from "../models-on-runtimes.ts";
import { fixturePath, manifest, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const whole = manifest.video_models.filter(({ tiled }) => !tiled);

async function coded(
  vae: Vae,
  goldens: ReturnType<typeof readGoldens>,
  tiling: Tiling,
): Promise<{ parameters: Tensor; sample: Tensor }> {
  const encoded = await vae.encode(goldens.get("pixels"), { tiling });
  if (!(encoded instanceof AutoencoderKLOutput)) throw new Error("expected a posterior");
  const { sample } = await vae.decode(goldens.get("latents"), { tiling });
  return { parameters: encoded.latentDist.parameters, sample };
}

describe.each(whole)("$name ($covers)", ({ folder, golden, class_name }) => {
  const goldens = readGoldens(golden);
  let vae: NodeVae;
  beforeAll(async () => {
    vae = await openVae(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  test.each(["off", "exact", "auto"] as const)(
    "%s gives diffusers' parameters and sample",
    async (tiling) => {
      expect(vae.className).toBe(class_name);
      const { parameters, sample } = await coded(vae, goldens, tiling);
      expect(parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    },
  );

  test("latents are rescaled as pipelines do", () => {
    const latents = goldens.get("latents");
    // The same operations of float32 in the same order.
    expect(vae.normalizeLatents(latents)).toBeAllclose(goldens.get("normalized"), { absolute: 0 });
    expect(vae.denormalizeLatents(latents)).toBeAllclose(goldens.get("denormalized"), { absolute: 0 });
  });

  test("every tensor of the file is the model's", () => {
    expect(vae.unexpectedTensors).toEqual([]);
  });
});

describe("on WebAssembly", () => {
  test.each(whole)("$name gives diffusers' parameters and sample, whole and in strips", async (each) => {
    const goldens = readGoldens(each.golden);
    await using vae = await openVaeOn("onnxruntime-web (WebAssembly)", fixturePath(each.folder));
    for (const tiling of ["off", "exact"] as const) {
      const { parameters, sample } = await coded(vae, goldens, tiling);
      expect(parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    }
  });
});
