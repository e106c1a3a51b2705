/** AutoencoderKLFlux2 gives diffusers' numbers, and its latents are those that FLUX.2's pipeline makes of them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKLFlux2,
  denormalizeLatents,
  DiagonalGaussianDistribution,
  normalizeLatents,
  packLatents,
  Tensor,
  unpackLatents,
  type PatchMeanStdScaling,
  type Shape,
  type Vae,
} from "../../src/node/index.ts";
import { openVaeOn } from "../models-on-runtimes.ts";
import { fixturePath, manifest, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const whole = manifest.flux2_models.filter((each) => !each.tiled);

describe.each(whole)("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  const mode = new DiagonalGaussianDistribution(goldens.get("parameters")).mode();
  let vae: AutoencoderKLFlux2;
  beforeAll(async () => {
    vae = await AutoencoderKLFlux2.fromPretrained(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  test.each(["off", "exact", "auto"] as const)("tiling %s: encode and decode", async (tiling) => {
    const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling });
    const { sample } = await vae.decode(goldens.get("latents"), { tiling });
    expect(latentDist.parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });

  test.runIf(goldens.has("reconstruction"))("forward decodes the posterior's mode", async () => {
    const { sample } = await vae.forward(goldens.get("pixels"));
    expect(sample).toBeAllclose(goldens.get("reconstruction"), modelTolerance);
  });

  test("on WebAssembly, as a whole and in strips", async () => {
    await using web = await openVaeOn("onnxruntime-web (WebAssembly)", fixturePath(folder));
    for (const tiling of ["off", "exact"] as const) {
      const encoded = await web.encode(goldens.get("pixels"), { tiling });
      const { sample } = await web.decode(goldens.get("latents"), { tiling });
      expect(encoded.latents()).toBeAllclose(mode, modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    }
  });

  test.runIf(goldens.has("tokens"))("latents become the pipeline's tokens, and back", () => {
    const latents = goldens.get("latents");
    const tokens = packLatents(vae.normalizeLatents(latents));
    const denormalized = vae.denormalizeLatents(unpacked(packLatents(latents), vae, latents.shape));
    // Our deviations are the nearest float32, PyTorch's may be its neighbour; two more roundings.
    const tolerance = { absolute: 0, relative: 2 ** -22 };
    expect(tokens).toBeAllclose(goldens.get("tokens"), tolerance);
    expect(denormalized).toBeAllclose(goldens.get("denormalized"), { absolute: 1e-6, relative: 2 ** -22 });
  });

  test.runIf(goldens.has("tokens"))(
    "with the pipeline's own deviations they are the same bit for bit",
    () => {
      const { kind, latentChannels, mean, std } = vae.scaling as PatchMeanStdScaling;
      expect(Float32Array.from(mean)).toEqual(goldens.get("mean").data);
      expect(Tensor.from(Float32Array.from(std), [std.length])).toBeAllclose(goldens.get("std"), {
        absolute: 0,
        relative: 2 ** -23,
      });
      const scaling = { kind, latentChannels, mean, std: [...goldens.get("std").toFloat32().data] };
      const latents = goldens.get("latents");
      const tokens = packLatents(normalizeLatents(latents, scaling));
      expect(tokens).toBeAllclose(goldens.get("tokens"), { absolute: 0 });
      const made = unpacked(packLatents(latents), vae, latents.shape);
      expect(denormalizeLatents(made, scaling)).toBeAllclose(goldens.get("denormalized"), { absolute: 0 });
    },
  );
});

function unpacked(tokens: Tensor, { spatialFactor }: Vae, [, , height = 0, width = 0]: Shape): Tensor {
  const size = { height: height * spatialFactor, width: width * spatialFactor };
  return unpackLatents(tokens, { ...size, vaeScaleFactor: spatialFactor });
}

describe.each(manifest.flux2_models.filter((each) => each.tiled))("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);

  test("diffusers' tiles, whole and slice by slice", async () => {
    await using vae = await AutoencoderKLFlux2.fromPretrained(fixturePath(folder), { device: "cpu" });
    for (const slicing of [false, true]) {
      const { latentDist } = await vae.encode(goldens.get("pixels"), { tiling: "diffusers", slicing });
      const { sample } = await vae.decode(goldens.get("latents"), { tiling: "diffusers", slicing });
      expect(latentDist.parameters).toBeAllclose(goldens.get("tiled_parameters"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("tiled_sample"), modelTolerance);
    }
  });
});
