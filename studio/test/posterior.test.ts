/** The posterior: samples, and what they cost. */
import { Generator, psnr, Tensor } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

test("drawing again takes the next seed's sample, as in Node", async () => {
  const page = await studio.open("?view=posterior&temperature=100");
  // The noise is 100 times as strong, so that a level that is rounded to the other side does not count.
  const { latentDist, decoded } = await nodeModel();
  await page.keyboard.press("r");
  await settled(page);
  await page.waitForURL(/seed=2/);

  const epsilon = Generator.philox(2).randn(latentDist.mean.shape);
  const noise = Tensor.from(
    epsilon.data.map((value) => 100 * value),
    epsilon.shape,
  );
  const expected = psnr(await decoded(latentDist.mode()), await decoded(latentDist.sample({ noise })));
  expect(Math.abs((await figure(page, "psnr-sample")) - expected)).toBeLessThan(1e-4);
  // A sum of 16 384 float32 values near 100 000: 1e-4 of it is the page's own rounding.
  const kl = latentDist.kl().data[0]!;
  expect(Math.abs((await figure(page, "kl")) / kl - 1)).toBeLessThan(1e-4);
});
