/** Calls that are taken back leave nothing: neither a page that waits nor memory. */
import { expect, inject, test } from "vitest";
import { rendererMemory } from "./renderer-memory.ts";
import { describeInBrowser, type TestPage } from "./test-page.ts";

/** Decodes 256 px, of which each call is taken back when the computation has begun; then one whole call. */
async function abortedCalls(page: TestPage, count: number): Promise<string[]> {
  return page.inPage(async ({ vaekit }, count) => {
    const { AutoencoderKL, Tensor } = vaekit;
    const kept = globalThis as { vae?: Awaited<ReturnType<typeof AutoencoderKL.fromPretrained>> };
    const vae = (kept.vae ??= await AutoencoderKL.fromPretrained("/model/"));
    const latents = Tensor.zeros([1, 16, 32, 32]);
    const codes: string[] = [];
    for (let i = 0; i < count; i++) {
      const controller = new AbortController();
      const onPlan = (): void => {
        setTimeout(() => {
          controller.abort();
        }, 20);
      };
      await vae.decode(latents, { signal: controller.signal, onPlan }).then(
        () => codes.push("done"),
        (error: unknown) => codes.push(String(Reflect.get(error as object, "code"))),
      );
    }
    const { sample } = await vae.decode(latents);
    return [...codes, sample.shape.join()];
  }, count);
}

describeInBrowser("twenty calls that are taken back", (browser) => {
  test.skipIf(inject("page")?.engine !== "chromium" || process.platform !== "linux")(
    "leave the memory that five left",
    async () => {
      await using page = await browser.openPage();
      expect(await abortedCalls(page, 5)).toEqual([...Array<string>(5).fill("ABORTED"), "1,3,256,256"]);
      const before = rendererMemory().residentBytes;
      expect(await abortedCalls(page, 20)).toEqual([...Array<string>(20).fill("ABORTED"), "1,3,256,256"]);
      // A tenth is what the collector of garbage leaves here and there; twenty decoders' memory would be several times as much.
      expect(rendererMemory().residentBytes).toBeLessThan(1.1 * before);
    },
  );
});
