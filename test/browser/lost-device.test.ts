/** A graphics device that is really lost: Chromium's process for it is ended, between two calls and in the middle of one. */
import { expect, test } from "vitest";
import type { AutoencoderTiny, Tensor } from "../../src/web/index.ts";
import { onSwiftShader } from "./swift-shader.ts";
import { describeInChromium, type TestPage } from "./test-page.ts";

/** Opens the preview model, and begins to keep what it warns of. */
const openIn = (page: TestPage): Promise<void> =>
  page.inPage(async ({ vaekit }) => {
    const warnings: string[] = [];
    const onWarning = (message: string): number => warnings.push(message);
    const vae = await vaekit.AutoencoderTiny.default({ device: "webgpu", onWarning });
    const latents = vaekit.Tensor.from(
      Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i)),
      [1, 16, 8, 8],
    );
    Object.assign(globalThis, { vae, latents, warnings });
  });

const decodeIn = (page: TestPage) =>
  page.inPage(async () => {
    const { vae, latents, warnings } = globalThis as unknown as {
      vae: AutoencoderTiny;
      latents: Tensor;
      warnings: string[];
    };
    const { sample } = await vae.decode(latents);
    return { sample: sample.toFloat32().data, device: vae.device, warnings };
  });

const oneWarning = [
  expect.stringMatching(/^WebGPU's device was lost \(.*\)\. The model goes on in WebAssembly\.$/),
];

describeInChromium("a graphics device that is lost", onSwiftShader, (browser) => {
  test("between two calls is replaced by WebAssembly once, with one warning", async () => {
    await using page = await browser.openPage();
    await openIn(page);
    const before = await decodeIn(page);
    expect([before.device, before.warnings]).toEqual(["webgpu", []]);
    await page.accidents.endGraphics();
    for (let count = 0; count < 2; count++) {
      const after = await decodeIn(page);
      expect([after.device, after.warnings]).toEqual(["cpu", oneWarning]);
      // As in webgpu.test.ts: sums of float32 in another order.
      expect(after.sample).toBeAllclose(before.sample, { absolute: 1e-4 });
    }
  });

  test("in the middle of three calls costs none of them", async () => {
    await using page = await browser.openPage();
    await openIn(page);
    const before = await decodeIn(page);
    const calls = [decodeIn(page), decodeIn(page), decodeIn(page)];
    await page.accidents.endGraphics();
    for (const { sample } of await Promise.all(calls))
      expect(sample).toBeAllclose(before.sample, { absolute: 1e-4 });
    const after = await decodeIn(page);
    expect([after.device, after.warnings]).toEqual(["cpu", oneWarning]);
  });
});
