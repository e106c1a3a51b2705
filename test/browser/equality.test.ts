/** What a page gets from default calls is what Node's native runtime gives. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL, readImage, type Raster } from "../../src/node/index.ts";
import { describeInBrowser } from "./test-page.ts";

describeInBrowser("the built-in model in a page", (browser) => {
  let vae: AutoencoderKL;
  let photo: Raster;
  beforeAll(async () => {
    vae = await AutoencoderKL.default({ device: "cpu" });
    photo = await readImage("assets/sample.png");
  });
  afterAll(() => vae.dispose());

  test.each([64, 128, 256, 512])("encodes and decodes %d px as in Node", async (size) => {
    const pixels = vae.preprocess(photo, { size }).toFloat32();
    const { latentDist } = await vae.encode(pixels);
    const latents = latentDist.mode().toFloat32();
    const { sample } = await vae.decode(latents);
    await using page = await browser.openPage();
    const found = await page.inPage(
      async ({ vaekit }, { pixels, latents }) => {
        const { AutoencoderKL, Tensor } = vaekit;
        const opened = await AutoencoderKL.fromPretrained("/model/");
        const encoded = await opened.encode(Tensor.from(pixels.data, pixels.shape));
        const decoded = await opened.decode(Tensor.from(latents.data, latents.shape));
        await opened.dispose();
        return {
          parameters: encoded.latentDist.parameters.toFloat32().data,
          sample: decoded.sample.toFloat32().data,
        };
      },
      {
        pixels: { data: pixels.data, shape: pixels.shape },
        latents: { data: latents.data, shape: latents.shape },
      },
    );
    // Sums of about 1e3 products of float32, layer upon layer, in another order. Log-variances are around -20.
    expect(found.parameters).toBeAllclose(latentDist.parameters.toFloat32().data, { absolute: 1e-4 });
    expect(found.sample).toBeAllclose(sample.toFloat32().data, { absolute: 2e-5 });
  });
});
