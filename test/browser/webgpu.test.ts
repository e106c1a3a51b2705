/** WebGPU in a page, on SwiftShader: a driver in software, whose numbers are those of any other. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL, readImage, Tensor } from "../../src/node/index.ts";
import { openPageWithWorker } from "./page-with-worker.ts";
import { onSwiftShader } from "./swift-shader.ts";
import { describeInChromium, type TestPage } from "./test-page.ts";

/** Sums of about 1e3 products of float32 in another order, and other kernels' exponentials: 5e-6 was seen. */
const tolerance = { absolute: 1e-4 };

interface Planes {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

const decodeIn = (page: TestPage, latents: Planes, device: "auto" | "webgpu", isOld = false) =>
  page.inPage(
    async ({ vaekit }, { latents, device, isOld }) => {
      const { AutoencoderKL, Tensor } = vaekit;
      if (isOld) Reflect.deleteProperty(WebAssembly, "Suspending");
      const warnings: string[] = [];
      const onWarning = (message: string): number => warnings.push(message);
      const vae = await AutoencoderKL.fromPretrained("/model/", { device, onWarning });
      const { sample } = await vae.decode(Tensor.from(latents.data, latents.shape));
      const used = vae.device;
      await vae.dispose();
      return { sample: sample.toFloat32().data, device: used, warnings };
    },
    { latents, device, isOld },
  );

describeInChromium("WebGPU in a page", onSwiftShader, (browser) => {
  let pixels: Planes;
  let parameters: Float32Array;
  let latents: Planes;
  let sample: Float32Array;
  /** A small picture: SwiftShader takes its time. */
  let small: { latents: Planes; sample: Float32Array };
  beforeAll(async () => {
    await using vae = await AutoencoderKL.default({ device: "cpu" });
    const input = vae.preprocess(await readImage("assets/sample.png"), { size: 64 }).toFloat32();
    const { latentDist } = await vae.encode(input);
    const mode = latentDist.mode().toFloat32();
    pixels = { data: input.data as Float32Array<ArrayBuffer>, shape: input.shape };
    latents = { data: mode.data as Float32Array<ArrayBuffer>, shape: mode.shape };
    parameters = latentDist.parameters.toFloat32().data;
    sample = (await vae.decode(mode)).sample.toFloat32().data;
    const first = Tensor.from(mode.data.slice(0, 256), [1, 16, 4, 4]);
    small = {
      latents: { data: first.data as Float32Array<ArrayBuffer>, shape: first.shape },
      sample: (await vae.decode(first)).sample.toFloat32().data,
    };
  });

  let page: TestPage;
  beforeAll(async () => {
    page = await openPageWithWorker(browser, "webgpu");
  });
  afterAll(() => page[Symbol.asyncDispose]());

  test("encodes and decodes as in Node, and says that it is used", async () => {
    const found = await page.inPage(async ({ vaekit }, { data, shape }) => {
      const vae = await vaekit.AutoencoderKL.fromPretrained("/model/", { device: "webgpu" });
      const { latentDist } = await vae.encode(vaekit.Tensor.from(data, shape));
      const device = vae.device;
      await vae.dispose();
      return { parameters: latentDist.parameters.toFloat32().data, device };
    }, pixels);
    expect(found.device).toBe("webgpu");
    expect(found.parameters).toBeAllclose(parameters, tolerance);
    const decoded = await decodeIn(page, latents, "webgpu");
    expect([decoded.device, decoded.warnings]).toEqual(["webgpu", []]);
    expect(decoded.sample).toBeAllclose(sample, tolerance);
  });

  test("decodes latents of one pixel as in Node", async () => {
    const data = latents.data.slice(0, 16);
    const shape = [1, 16, 1, 1];
    await using vae = await AutoencoderKL.default({ device: "cpu" });
    const expected = (await vae.decode(Tensor.from(data, shape))).sample.toFloat32().data;
    const found = await decodeIn(page, { data, shape }, "webgpu");
    expect([found.device, found.warnings]).toEqual(["webgpu", []]);
    expect(found.sample).toBeAllclose(expected, tolerance);
  });

  test("needs no suspended WebAssembly, which older browsers do not have", async () => {
    await using page = await browser.openPage();
    const found = await decodeIn(page, small.latents, "webgpu", true);
    expect(found.device).toBe("webgpu");
    expect(found.sample).toBeAllclose(small.sample, tolerance);
  });

  test("is not taken by itself where the processor only plays it", async () => {
    await using page = await browser.openPage();
    const { device, warnings, sample: found } = await decodeIn(page, latents, "auto");
    expect([device, warnings]).toEqual(["cpu", []]);
    expect(found).toBeAllclose(sample, tolerance);
  });
});

describeInChromium("a page without a graphics processor", ["--disable-gpu"], (browser) => {
  test("computes in WebAssembly, and says so where WebGPU was asked for", async () => {
    await using page = await browser.openPage();
    const latents = { data: new Float32Array(16), shape: [1, 16, 1, 1] };
    expect(await decodeIn(page, latents, "auto")).toMatchObject({ device: "cpu", warnings: [] });
    await expect(decodeIn(page, latents, "webgpu")).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/^device: "webgpu" is not available here: /) as string,
    });
  });
});
