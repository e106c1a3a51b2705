/** The packed package in an app of every bundler, opened in a real Chromium. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { AutoencoderKL, Tensor } from "../../src/node/index.ts";
import { launchChromium } from "../browser/chromium-engine.ts";
import type { BrowserEngine } from "../browser/engine.ts";
import { pixelAt, size, type Outcome } from "./app.ts";
import { tools } from "./tools.ts";

/** These serve the page themselves, and not with the headers for threads. */
const withOwnServer = ["vite-development", "next"];

const installed = inject("bundlers");
const title = "a page";

/** When the page has started its work, what comes of it. */
const result = `(async () => {
  while (globalThis.result === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  return globalThis.result;
})()`;

async function expectedSample(): Promise<Tensor<"float32">> {
  const vae = await AutoencoderKL.default({ device: "cpu" });
  const pixels = Float32Array.from({ length: 3 * size * size }, (_, i) => pixelAt(i));
  const encoded = await vae.encode(Tensor.from(pixels, [1, 3, size, size]));
  const { sample } = await vae.decode(encoded.latents());
  await vae.dispose();
  return sample.toFloat32();
}

describe.skipIf(installed === null)(installed === null ? `${title}: NOT RUN, no browser` : title, () => {
  let engine: BrowserEngine;
  let expected: Tensor<"float32">;
  beforeAll(async () => {
    engine = await launchChromium(installed!.chromium);
    expected = await expectedSample();
  });
  afterAll(() => engine.close());

  test.each(Object.entries(tools))("of %s computes what Node does", async (name, tool) => {
    const app = await tool(join(installed!.folder, name));
    try {
      const page = await engine.open(app.url);
      const text = await page.evaluate(result);
      expect(text).toMatch(/^\{/);
      const { sample, warnings, hasThreads } = JSON.parse(text) as Outcome;
      // Rounding of float32 in another order, through both halves.
      expect(sample).toBeAllclose(expected.data, { absolute: 1e-4 });
      expect(hasThreads).toBe(!withOwnServer.includes(name));
      // A page whose worker cannot be started says so.
      expect(warnings).toEqual([]);
      expect(await page.takeFaults()).toEqual([]);
      await page.close();
    } finally {
      await app.stop();
    }
  });
});
