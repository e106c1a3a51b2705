/** The small models of every class give diffusers' numbers in a page, by default and in strips; on WebGPU one of each class does. */
import { afterAll, afterEach, beforeAll, beforeEach, test } from "vitest";
import { expectDiffusersNumbers, smallModels } from "./diffusers-numbers.ts";
import { openPageWithWorker } from "./page-with-worker.ts";
import { onSwiftShader } from "./swift-shader.ts";
import { describeInBrowser, describeInChromium, type TestPage } from "./test-page.ts";

describeInBrowser("in a page", (browser) => {
  let page: TestPage;
  beforeAll(async () => {
    page = await openPageWithWorker(browser, "cpu");
  });
  afterAll(() => page[Symbol.asyncDispose]());

  test.each(smallModels)("$folder gives diffusers' latents and sample", async (model) => {
    await expectDiffusersNumbers(page, model, { device: "auto", tilings: ["auto", "exact"] });
  });
});

/** A driver in software takes half a minute for each. Wan's has six channels, which ONNX Runtime by itself computes wrong. */
const ofEachClass = [
  "models/sd",
  "flux2-models/flux2-like",
  "tiny-models/taef2",
  "video-models/wan-2.2",
  "vq-models/spatial",
  "dc-models/sana",
  "hunyuan-image",
];

describeInChromium(
  "on WebGPU in a page",
  onSwiftShader,
  (browser) => {
    let page: TestPage | undefined;
    beforeEach(async () => {
      page ??= await openPageWithWorker(browser, "webgpu");
    });
    afterEach(async ({ task }) => {
      if (task.result?.state !== "fail") return;
      page = undefined;
      await browser.stop();
      await browser.start();
    });
    afterAll(() => page?.[Symbol.asyncDispose]());

    const models = smallModels.filter(({ folder }) => ofEachClass.includes(folder));
    test.each(models)("$folder gives diffusers' latents and sample", async (model) => {
      await expectDiffusersNumbers(page!, model, { device: "webgpu", tilings: ["auto"] });
    });
  },
  // Chromium's process for SwiftShader was seen to stand still until it was ended, in one of seven tests of two runs out of five: another browser tries again, up to twice. A test takes 4 to 18 seconds.
  { retry: 2, timeout: 90_000 },
);
