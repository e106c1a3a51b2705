/** The first view: a picture, its reconstruction, and where they differ. */
import { psnr, ssim } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

test("the reconstruction is as good as Node's", async () => {
  const page = await studio.open();
  const { original, latentDist, decoded } = await nodeModel();
  const reconstruction = await decoded(latentDist.mode());
  expect(Math.abs((await figure(page, "psnr")) - psnr(original, reconstruction))).toBeLessThan(1e-4);
  expect(Math.abs((await figure(page, "ssim")) - ssim(original, reconstruction))).toBeLessThan(1e-4);
});

test("dragging the divider changes the address, and the address brings it back", async () => {
  const page = await studio.open("", { live: false });
  const divider = page.getByRole("slider", { name: "Divider" });
  const box = (await divider.boundingBox())!;
  await page.mouse.click(box.x + 0.25 * box.width, box.y + 100);
  await page.waitForURL(/at=0\.2/);
  const again = await studio.open(new URL(page.url()).search, { live: false });
  expect(await again.getByRole("slider", { name: "Divider" }).inputValue()).toBe(await divider.inputValue());
});
