/** The small models of every class, and whether a page computes diffusers' numbers with them. */
import { expect } from "vitest";
import { DiagonalGaussianDistribution, type Tensor } from "../../src/node/index.ts";
import { manifest, readGoldens } from "../conformance/fixtures.ts";
import { modelTolerance } from "../conformance/tolerance.ts";
import type { TestPage } from "./test-page.ts";

export const smallModels = [
  ...manifest.models,
  ...manifest.flux2_models,
  ...manifest.tiny_models,
  ...manifest.video_models,
  ...manifest.vq_models,
  ...manifest.dc_models,
  ...manifest.hunyuan_image,
].filter((each) => !("tiled" in each) || !each.tiled);

type SmallModel = (typeof smallModels)[number];

interface Way {
  readonly device: "auto" | "webgpu";
  readonly tilings: readonly ("auto" | "exact")[];
}

const plain = (tensor: Tensor) => ({ data: tensor.toFloat32().data, shape: tensor.shape });

/** Encodes and decodes in the page, in each of the tilings. */
export async function expectDiffusersNumbers(
  page: TestPage,
  { folder, golden }: Pick<SmallModel, "folder" | "golden">,
  { device, tilings }: Way,
): Promise<void> {
  const goldens = readGoldens(golden);
  const latents = goldens.has("encoded")
    ? goldens.get("encoded")
    : new DiagonalGaussianDistribution(goldens.get("parameters")).mode();
  const found = await page.inPage(
    async ({ vaekit }, { folder, pixels, latents, device, tilings }) => {
      const { openVae, Tensor } = vaekit;
      const vae = await openVae(`/fixtures/${folder}/`, { device });
      const results = [];
      for (const tiling of tilings) {
        const encoded = await vae.encode(Tensor.from(pixels.data, pixels.shape), { tiling });
        const { sample } = await vae.decode(Tensor.from(latents.data, latents.shape), { tiling });
        results.push({
          latents: encoded.latents().toFloat32().data,
          sample: sample.toFloat32().data,
          usedDevice: vae.device,
        });
      }
      await vae.dispose();
      return results;
    },
    {
      folder,
      pixels: plain(goldens.get("pixels")),
      latents: plain(goldens.get("latents")),
      device,
      tilings,
    },
  );
  expect(found).toHaveLength(tilings.length);
  for (const each of found) {
    // A device that is lost would be replaced without an error.
    if (device !== "auto") expect(each.usedDevice).toBe(device);
    expect(each.latents).toBeAllclose(latents.toFloat32().data, modelTolerance);
    expect(each.sample).toBeAllclose(goldens.get("sample").toFloat32().data, modelTolerance);
  }
}
