/**
 * The page of examples/vite, built by Vite and opened in a real Chromium. VAEKIT_CHROMIUM is the path of one
 * (Debian's package chromium-headless-shell has /usr/bin/chromium-headless-shell); without it the page is only built.
 */
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL } from "../../src/node/index.ts";
import { Consumer } from "../package/consumer.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const photo = join(root, "assets", "sample.png");

let consumer: Consumer;
beforeAll(async () => {
  consumer = await Consumer.create();
  await cp(join(root, "examples", "vite"), consumer.folder, { recursive: true });
  await build({ root: consumer.folder, logLevel: "silent" });
}, 180_000);
afterAll(() => consumer.remove());

test("Vite builds the page, with the model and ONNX Runtime's WebAssembly beside it", async () => {
  const built = await readdir(join(consumer.folder, "dist"), { recursive: true });
  expect(built).toEqual(
    expect.arrayContaining([
      "index.html",
      expect.stringMatching(/diffusion_pytorch_model-[\w-]+\.safetensors$/),
      expect.stringMatching(/ort-wasm-simd-threaded-[\w-]+\.wasm$/),
    ]),
  );
});

const chromiumPath = process.env.VAEKIT_CHROMIUM;

/** Serves the built page, opens it and hands it over. */
async function onPage(use: (page: Page) => Promise<void>): Promise<void> {
  const server: PreviewServer = await preview({
    root: consumer.folder,
    logLevel: "silent",
    preview: { port: 0, host: "127.0.0.1" },
  });
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", ({ message }) => faults.push(message));
    await page.goto(server.resolvedUrls!.local[0]!);
    await use(page);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** The status when it begins with one of these words. */
async function statusOf(page: Page, words: string): Promise<string> {
  const status = page.locator("#status").filter({ hasText: new RegExp(`^(${words})`) });
  await status.waitFor({ timeout: 120_000 });
  return status.innerText();
}

test.skipIf(chromiumPath === undefined)(
  `the page shows the picture that Node makes of the same latents${chromiumPath === undefined ? ": NOT RUN, set VAEKIT_CHROMIUM to a Chromium" : ""}`,
  async () => {
    const vae = await AutoencoderKL.default();
    const expected = await vae.decodeImage(await vae.encodeImage(photo, { size: 128 }));
    await vae.dispose();
    await onPage(async (page) => {
      expect(await statusOf(page, "Ready|Failed")).toBe("Ready: 1674963 parameters. Choose a picture.");
      await page.setInputFiles("#file", photo);
      expect(await statusOf(page, "Latents|Failed")).toMatch(
        /^Latents \[1, 16, 16, 16\], picture 128x128, \d+\.\d s$/,
      );
      const shown = await page.locator("#picture").evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        return [...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data];
      });
      const distances = [...expected.toRgba()].map((sample, i) => Math.abs(sample - shown[i]!));
      expect(shown).toHaveLength(distances.length);
      // A level of 255 where the two runtimes round to other sides of its edge.
      expect(Math.max(...distances)).toBeLessThanOrEqual(1);
    });
  },
);
