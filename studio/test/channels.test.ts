/** The channels: what the decoder loses without one. */
import { psnr, Tensor } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

test("a click on a map sets its channel to zero, as in Node, and a second click puts it back", async () => {
  const page = await studio.open("?view=channels&edits=");
  const { original, latentDist, decoded } = await nodeModel();
  const mean = latentDist.mode();
  const size = mean.size / 16;
  const without = mean.data.slice().fill(0, 2 * size, 3 * size);
  const map = page.getByRole("button", { name: "Channel 3," });

  await map.click();
  await settled(page);
  const zeroed = psnr(original, await decoded(Tensor.from(without, mean.shape)));
  expect(Math.abs((await figure(page, "psnr-edited")) - zeroed)).toBeLessThan(1e-4);
  expect(await map.getAttribute("aria-pressed")).toBe("true");

  await map.click();
  await settled(page);
  expect(Math.abs((await figure(page, "psnr-edited")) - psnr(original, await decoded(mean)))).toBeLessThan(
    1e-4,
  );
});

test("the maps' numbers are measured anew for another picture", async () => {
  const page = await studio.open("?view=channels&edits=&picture=rings&channel=1");
  await page.waitForFunction(() => document.querySelector<HTMLDataElement>("data#loss")?.value !== "");
  const before = await figure(page, "loss");
  // Of the first picture, so not the one that is shown now.
  expect(Math.abs(before - 22.388)).toBeGreaterThan(0.1);
});
