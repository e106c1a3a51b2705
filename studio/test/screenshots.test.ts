/**
 * Every view as it begins, in both languages, wide and narrow, beside the picture that somebody has looked at. `UPDATE_SCREENSHOTS=1`
 * writes new ones, to be looked at.
 */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { viewIds, type ViewId } from "../src/views/view.ts";
import { openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
let page: Page;
beforeAll(async () => {
  studio = await openStudio();
  page = await studio.open("?lang=en", {
    reducedMotion: "reduce",
    serviceWorkers: "block",
    ofOneTest: false,
  });
});
afterAll(() => studio.close());

/** What the button that changes to a language ends with, whatever language the page is in. */
const languages = { en: /English$/, zh: /中文$/ } as const;
type Language = keyof typeof languages;
const widths = [1280, 390] as const;
const rows = viewIds.flatMap((id) =>
  (["en", "zh"] as const).flatMap((language) => widths.map((width) => ({ id, language, width }))),
);

/** Levels of 255 that count as another pixel. */
const tolerance = 16;

test.each(rows)("$id, $language, $width pixels wide", async ({ id, language, width }) => {
  await show(id, language, width);
  const taken = await picture();
  const file = fileURLToPath(new URL(`screenshots/${id}-${language}-${width}.webp`, import.meta.url));
  if (process.env["UPDATE_SCREENSHOTS"] === "1") {
    await sharp(taken).webp({ lossless: true, effort: 6 }).toFile(file);
  }
  expect(await differingShare(taken, file)).toBeLessThanOrEqual(1e-3);
});

async function show(id: ViewId, language: Language, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.keyboard.press(String(viewIds.indexOf(id) + 1));
  await page.locator(`main[data-view="${id}"] .controls`).waitFor();
  const other = page.getByRole("button", { name: languages[language] });
  if ((await other.count()) > 0) await other.click();
  await page.locator(`html[lang^="${language}"]`).waitFor();
  await page.locator("nav").evaluate((nav) => {
    for (const each of [nav, ...nav.querySelectorAll("*")]) each.scrollLeft = 0;
  });
  // Nothing is under the pointer or has the focus.
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
  });
  await settled(page);
}

/**
 * The whole page. How long a computation took is left out, and the other views' names; pictures are in coarse squares, so that their
 * files stay small.
 */
async function picture(): Promise<Buffer> {
  const style = await page.addStyleTag({ content: "#status, nav a:not([aria-current]) { display: none }" });
  const restore = await page.evaluateHandle(() => {
    const restores = Array.from(document.querySelectorAll("canvas"), (canvas) => {
      const context = canvas.getContext("2d")!;
      const whole = context.getImageData(0, 0, canvas.width, canvas.height);
      const small = new OffscreenCanvas(16, 16);
      small.getContext("2d")!.drawImage(canvas, 0, 0, 16, 16);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, 0, 0, canvas.width, canvas.height);
      const { imageRendering } = canvas.style;
      canvas.style.imageRendering = "pixelated";
      return () => {
        context.putImageData(whole, 0, 0);
        canvas.style.imageRendering = imageRendering;
      };
    });
    return () => {
      for (const each of restores) each();
    };
  });
  const taken = await page.screenshot({ fullPage: true, animations: "disabled" });
  await restore.evaluate((call) => {
    call();
  });
  await style.evaluate((element) => {
    (element as HTMLElement).remove();
  });
  return taken;
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
