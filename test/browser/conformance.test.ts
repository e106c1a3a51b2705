/** The small models of every class give diffusers' numbers in a page, by default and in strips. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { DiagonalGaussianDistribution, type Tensor } from "../../src/node/index.ts";
import { manifest, readGoldens } from "../conformance/fixtures.ts";
import { modelTolerance } from "../conformance/tolerance.ts";
import { describeInBrowser, type TestPage } from "./test-page.ts";

const cases = [
  ...manifest.models,
  ...manifest.flux2_models,
  ...manifest.tiny_models,
  ...manifest.video_models,
  ...manifest.vq_models,
  ...manifest.dc_models,
  ...manifest.hunyuan_image,
].filter((each) => !("tiled" in each) || !each.tiled);

const plain = (tensor: Tensor) => ({ data: tensor.toFloat32().data, shape: tensor.shape });

describeInBrowser("in a page", (browser) => {
  let page: TestPage;
  beforeAll(async () => {
    page = await browser.openPage();
  });
  afterAll(() => page[Symbol.asyncDispose]());

  test.each(cases)("$folder gives diffusers' latents and sample", async ({ folder, golden }) => {
    const goldens = readGoldens(golden);
    const latents = goldens.has("encoded")
      ? goldens.get("encoded")
      : new DiagonalGaussianDistribution(goldens.get("parameters")).mode();
    const found = await page.inPage(
      async ({ vaekit }, { folder, pixels, latents }) => {
        const { openVae, Tensor } = vaekit;
        const vae = await openVae(`/fixtures/${folder}/`);
        const results = [];
        for (const tiling of ["auto", "exact"] as const) {
          const encoded = await vae.encode(Tensor.from(pixels.data, pixels.shape), { tiling });
          const { sample } = await vae.decode(Tensor.from(latents.data, latents.shape), { tiling });
          results.push({ latents: encoded.latents().toFloat32().data, sample: sample.toFloat32().data });
        }
        await vae.dispose();
        return results;
      },
      { folder, pixels: plain(goldens.get("pixels")), latents: plain(goldens.get("latents")) },
    );
    expect(found).toHaveLength(2);
    for (const each of found) {
      expect(each.latents).toBeAllclose(latents.toFloat32().data, modelTolerance);
      expect(each.sample).toBeAllclose(goldens.get("sample").toFloat32().data, modelTolerance);
    }
  });
});
