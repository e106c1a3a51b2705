/** A brush on latents. */
import { psnr, Tensor } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

test("a dab of the brush adds to the latents under it, as in Node", async () => {
  const page = await studio.open("?view=paint&strokes=&radius=2&strength=3&channel=1");
  await page.getByRole("application", { name: "Channel 2" }).focus();
  await page.keyboard.press("Space");
  await settled(page);
  await page.waitForURL(/strokes=a1r4s30/);

  const { latentDist, decoded } = await nodeModel();
  const mean = latentDist.mode();
  const average = mean.data.reduce((sum, value) => sum + value, 0) / mean.size;
  const deviation = Math.sqrt(mean.data.reduce((sum, value) => sum + (value - average) ** 2, 0) / mean.size);
  const data = mean.data.slice();
  // The middle of the 33rd of 64 parts is at 15.75 of 32 latents; the brush of two latents is whole in its inner half.
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      const distance = Math.hypot(x - 15.75, y - 15.75) / 2;
      data[32 * 32 + 32 * y + x]! += 3 * deviation * Math.min(1, Math.max(0, 2 - 2 * distance));
    }
  }
  const expected = psnr(await decoded(mean), await decoded(Tensor.from(data, mean.shape)));
  expect(Math.abs((await figure(page, "psnr-painted")) - expected)).toBeLessThan(1e-4);

  await page.keyboard.press("z");
  await settled(page);
  expect(await figure(page, "strokes")).toBe(0);
});

test("a stroke of the pointer on the picture is in the address, and the address brings it back", async () => {
  const page = await studio.open("?view=paint&strokes=");
  const box = (await page.getByRole("application", { name: "Decoded" }).boundingBox())!;
  await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.5 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.5 * box.height, { steps: 5 });
  await page.mouse.up();
  await settled(page);
  await page.waitForURL(/strokes=a1/);
  const again = await studio.open(new URL(page.url()).search);
  expect(await figure(again, "psnr-painted")).toBe(await figure(page, "psnr-painted"));
});
