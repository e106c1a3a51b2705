/** Models compute in a worker: the page keeps its arrays, can take back what it asked for, and does without where there is none. */
import { expect, test } from "vitest";
import { describeInBrowser } from "./test-page.ts";

describeInBrowser("a model in a worker", (browser) => {
  test("leaves the caller's arrays as they are, and takes them as they were when it was called", async () => {
    await using page = await browser.openPage();
    const { first, second, lengths } = await page.inPage(async ({ vaekit }) => {
      const vae = await vaekit.AutoencoderKL.fromPretrained("/model/");
      const z = vaekit.Tensor.from(new Float32Array(1024).fill(0.5), [1, 16, 8, 8]);
      const decoding = vae.decode(z);
      z.data.fill(7);
      const first = (await decoding).sample.toFloat32().data;
      const second = (
        await vae.decode(vaekit.Tensor.from(new Float32Array(1024).fill(0.5), [1, 16, 8, 8]))
      ).sample.toFloat32().data;
      await vae.dispose();
      return { first, second, lengths: [z.data.length, z.data.byteLength] };
    });
    expect(first).toEqual(second);
    expect(lengths).toEqual([1024, 4096]);
  });

  test("ends a call with ABORTED while the worker still computes, and then takes the next", async () => {
    await using page = await browser.openPage();
    const found = await page.inPage(async ({ vaekit }) => {
      const vae = await vaekit.AutoencoderKL.fromPretrained("/model/");
      const small = vaekit.Tensor.from(new Float32Array(1024).fill(0.5), [1, 16, 8, 8]);
      const before = (await vae.decode(small)).sample.toFloat32().data;
      const codes: unknown[] = [];
      for (let count = 0; count < 3; count++) {
        const abort = new AbortController();
        const onPlan = (): void => {
          abort.abort();
        };
        const options = { signal: abort.signal, onPlan };
        await vae.decode(vaekit.Tensor.zeros([1, 16, 32, 32]), options).catch((error: unknown) => {
          codes.push(Reflect.get(error as object, "code"));
        });
      }
      const after = (await vae.decode(small)).sample.toFloat32().data;
      await vae.dispose();
      return { codes, before, after };
    });
    expect(found.codes).toEqual(["ABORTED", "ABORTED", "ABORTED"]);
    expect(found.after).toEqual(found.before);
  });

  test("tells plans and progress, its device, and errors with their codes", async () => {
    await using page = await browser.openPage();
    const found = await page.inPage(async ({ vaekit }) => {
      const vae = await vaekit.AutoencoderKL.fromPretrained("/model/");
      const told: unknown[] = [];
      const before = vae.device;
      await vae.decode(vaekit.Tensor.zeros([2, 16, 8, 8]), {
        slicing: true,
        onPlan: ({ half, device, tiling }) => told.push([half, device, tiling]),
        onProgress: ({ done, total }) => told.push([done, total]),
      });
      const error: unknown = await vae
        .decode(vaekit.Tensor.from(new Float32Array(1024).fill(NaN), [1, 16, 8, 8]))
        .catch((error: unknown) => error);
      const code: unknown = Reflect.get(error as object, "code");
      const device = vae.device;
      await vae.dispose();
      return { told, before: before ?? "unknown", device, code, isOurs: error instanceof vaekit.VaekitError };
    });
    expect(found.told).toEqual([
      [0, 2],
      ["decoder", "cpu", "off"],
      [1, 2],
      ["decoder", "cpu", "off"],
      [2, 2],
    ]);
    expect([found.before, found.device]).toEqual(["unknown", "cpu"]);
    expect([found.code, found.isOurs]).toEqual(["INVALID_ARGUMENT", true]);
  });

  test("computes in two threads where the page is isolated", async () => {
    await using page = await browser.openPage({ isIsolated: true });
    const found = await page.inPage(async ({ vaekit }) => {
      const results = [];
      for (const threadCount of [1, 2]) {
        const vae = await vaekit.AutoencoderKL.fromPretrained("/model/", { threadCount });
        results.push(
          (
            await vae.decode(vaekit.Tensor.from(new Float32Array(4096).fill(0.5), [1, 16, 16, 16]))
          ).sample.toFloat32().data,
        );
        await vae.dispose();
      }
      return { isIsolated: crossOriginIsolated, results };
    });
    expect(found.isIsolated).toBe(true);
    expect(found.results[1]).toEqual(found.results[0]);
  });

  test("computes in the page itself where no worker can be started, and says so", async () => {
    await using page = await browser.openPage();
    const found = await page.inPage(async ({ vaekit }) => {
      const warnings: string[] = [];
      const inWorker = await vaekit.AutoencoderKL.fromPretrained("/model/");
      const z = vaekit.Tensor.from(new Float32Array(1024).fill(0.5), [1, 16, 8, 8]);
      const expected = (await inWorker.decode(z)).sample.toFloat32().data;
      await inWorker.dispose();
      const forbid = (): never => {
        throw new Error("the page's policy forbids workers");
      };
      Object.assign(globalThis, { Worker: new Proxy(Worker, { construct: forbid }) });
      const onWarning = (message: string): void => {
        warnings.push(message);
      };
      const inPage = await vaekit.AutoencoderKL.fromPretrained("/model/", { onWarning });
      const result = (await inPage.decode(z)).sample.toFloat32().data;
      await inPage.dispose();
      return { expected, result, warnings };
    });
    expect(found.result).toEqual(found.expected);
    expect(found.warnings).toEqual([
      "The worker that computes could not be started: the page's policy forbids workers. The model computes in the page's own thread, which stands still meanwhile.",
    ]);
  });
});
