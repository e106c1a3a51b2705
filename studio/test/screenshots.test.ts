/**
 * Every view as it begins, in both languages, wide and narrow, beside the picture that somebody has looked at. `UPDATE_SCREENSHOTS=1`
 * writes new ones, to be looked at.
 */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { viewIds } from "../src/views/view.ts";
import { openStudio, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

const languages = ["en", "zh"] as const;
const widths = [1280, 390] as const;
const rows = viewIds.flatMap((id) =>
  languages.flatMap((language) => widths.map((width) => ({ id, language, width }))),
);

/** Levels of 255 that count as another pixel. */
const tolerance = 16;

test.each(rows)("$id, $language, $width pixels wide", async ({ id, language, width }) => {
  const page = await studio.open(`?view=${id}&lang=${language}`, {
    viewport: { width, height: 900 },
    reducedMotion: "reduce",
    serviceWorkers: "block",
  });
  const taken = await picture(page);
  await page.context().close();
  const file = fileURLToPath(new URL(`screenshots/${id}-${language}-${width}.webp`, import.meta.url));
  if (process.env["UPDATE_SCREENSHOTS"] === "1") {
    await sharp(taken).webp({ lossless: true, effort: 6 }).toFile(file);
  }
  expect(await differingShare(taken, file)).toBeLessThanOrEqual(1e-3);
});

/** The whole page. How long a computation took is left out; pictures are in coarse squares, so that their files stay small. */
async function picture(page: Page): Promise<Buffer> {
  await page.evaluate(() => {
    document.querySelector("#status")!.textContent = "";
    for (const canvas of document.querySelectorAll("canvas")) coarsen(canvas);

    function coarsen(canvas: HTMLCanvasElement): void {
      const small = new OffscreenCanvas(16, 16);
      small.getContext("2d")!.drawImage(canvas, 0, 0, 16, 16);
      const context = canvas.getContext("2d")!;
      context.imageSmoothingEnabled = false;
      context.drawImage(small, 0, 0, canvas.width, canvas.height);
      canvas.style.imageRendering = "pixelated";
    }
  });
  return page.screenshot({ fullPage: true, animations: "disabled" });
}

async function differingShare(taken: Buffer, file: string): Promise<number> {
  const [a, b] = await Promise.all(
    [taken, file].map((each) => sharp(each).removeAlpha().raw().toBuffer({ resolveWithObject: true })),
  );
  expect([a!.info.width, a!.info.height]).toEqual([b!.info.width, b!.info.height]);
  let differing = 0;
  for (let i = 0; i < a!.data.length; i += 3) {
    const differs = [0, 1, 2].some(
      (channel) => Math.abs(a!.data[i + channel]! - b!.data[i + channel]!) > tolerance,
    );
    if (differs) differing++;
  }
  return (3 * differing) / a!.data.length;
}
