/** Visitors who do not wait: keys and buttons mean what they say while an answer is under way. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

/** Nothing is trained before somebody says so. */
const still = { reducedMotion: "reduce", live: false } as const;

const untilStep = (page: Page, step: number): Promise<unknown> =>
  page.waitForSelector(`data#step[value="${step}"]`);

/** Keys as fast as a page can get them, each in a task of its own. */
const pressAtOnce = (page: Page, keys: readonly string[]): Promise<void> =>
  page.evaluate(async (all) => {
    for (const key of all) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve));
    }
  }, keys);

test("steps are counted from the training that begins, not from the one before", async () => {
  const page = await studio.open("?view=train", still);
  await page.waitForSelector("button.play:not(:disabled)");
  await pressAtOnce(page, ["ArrowRight", "ArrowRight", "ArrowRight"]);
  await untilStep(page, 3);
  await pressAtOnce(page, ["r", "ArrowRight", "ArrowRight"]);
  await page.waitForURL(/seed=2/);
  await untilStep(page, 2);
  // What is counted comes one step at a time: nothing follows.
  await settledTraining(page);
  expect(await figure(page, "step")).toBe(2);
});

test("what is played and paused before the training is open stays paused", async () => {
  const page = await studio.open("?view=train", still);
  await page.waitForSelector("button.play:not(:disabled)");
  await pressAtOnce(page, ["r", " ", " "]);
  await page.waitForURL(/seed=2/);
  await settledTraining(page);
  expect(await page.locator("button.play").textContent()).toContain("Play");
  expect(await figure(page, "step")).toBe(0);
});

/** Until everything that was asked of the worker is answered: it answers in the order in which it is asked. */
async function settledTraining(page: Page): Promise<void> {
  const place = () => page.locator(".plane .mark").getAttribute("style");
  const before = await place();
  await page.getByRole("button", { name: "Take a digit" }).click();
  await expect.poll(place).not.toBe(before);
}

test("the picture that was chosen last is shown, even if one before comes later", async () => {
  const page = await studio.open("?picture=letters", { live: false, serviceWorkers: "block" });
  let answer = (): void => undefined;
  const isAsked = new Promise<void>((asked) => {
    void page.route("**/sample.png", async (route) => {
      asked();
      await new Promise<void>((resolve) => (answer = resolve));
      await route.continue();
    });
  });
  await page.getByRole("button", { name: "Still life" }).click();
  await isAsked;
  await page.getByRole("button", { name: "Rings" }).click();
  await settled(page);
  const rings = await figure(page, "psnr");
  const came = page.waitForResponse("**/sample.png");
  answer();
  await (await came).finished();
  await page.unroute("**/sample.png");
  // Reads the same picture after the page has begun to: by then the page has it.
  await page.evaluate(async () => {
    const response = await fetch("pictures/sample.png");
    await createImageBitmap(await response.blob());
  });
  await settled(page);
  expect(await figure(page, "psnr")).toBe(rings);
  expect(await page.getByRole("button", { name: "Rings" }).getAttribute("aria-pressed")).toBe("true");
});

test("a click is answered before what is measured while nothing is asked for", async () => {
  const page = await studio.open("?view=channels&edits=&picture=rings");
  await page.getByRole("button", { name: "Letters" }).click();
  // The newest picture's channels are measured one by one now.
  await page.waitForFunction(
    () => document.querySelectorAll(".caption span:nth-child(2):not(:empty)").length === 1,
  );
  const before = await page.locator("data#psnr-edited").getAttribute("value");
  await page.getByRole("button", { name: "Channel 3," }).click();
  const measured = await page.waitForFunction((psnr) => {
    if (document.querySelector("data#psnr-edited")?.getAttribute("value") === psnr) return undefined;
    return [...document.querySelectorAll(".caption span:nth-child(2):not(:empty)")].length;
  }, before);
  // The step under way, and those between the click and the look at the page; not all sixteen.
  expect(await measured.jsonValue()).toBeLessThan(12);
});

test("a slider that is held while another view is shown is let go", async () => {
  const page = await studio.open("?view=scaling");
  const box = (await page.getByRole("slider", { name: "scaling_factor" }).boundingBox())!;
  await page.mouse.move(box.x + 0.4 * box.width, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.5 * box.width, box.y + box.height / 2);
  await page.keyboard.press("1");
  await page.waitForSelector('main[data-view="round-trip"]');
  await page.mouse.up();
  // What is done now can be undone again: nothing is held.
  await page.getByRole("radio", { name: "Difference" }).check();
  await page.getByRole("button", { name: "Undo" }).click();
  expect(await page.getByRole("radio", { name: "Reconstruction" }).isChecked()).toBe(true);
  await page.goBack();
  await page.waitForSelector('main[data-view="scaling"]');
  expect(new URL(page.url()).searchParams.get("scale")).not.toBe(null);
});

test("the visitor's own picture stays on the way back", async () => {
  const page = await studio.open("", { live: false });
  const png = await page.screenshot();
  await page
    .locator("#studio > input[type=file]")
    .setInputFiles({ name: "own.png", mimeType: "image/png", buffer: png });
  await page.getByRole("button", { name: "Your own" }).waitFor();
  await page.keyboard.press("2");
  await page.waitForSelector('main[data-view="channels"]');
  await page.goBack();
  await page.waitForSelector('main[data-view="round-trip"]');
  expect(await page.getByRole("button", { name: "Your own" }).getAttribute("aria-pressed")).toBe("true");
});
