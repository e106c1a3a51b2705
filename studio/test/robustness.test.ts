/** Robustness: bits, noise, and a sample of the prior. */
import { denormalizeLatents, Generator, psnr, Tensor } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

test("an arrow to the left takes a bit from each latent, as in Node", async () => {
  const page = await studio.open("?view=robustness");
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(/bits=2/);
  await settled(page);

  const { latentDist, decoded } = await nodeModel();
  const mean = latentDist.mode();
  const data = mean.data.slice();
  const size = 32 * 32;
  for (let start = 0; start < data.length; start += size) {
    const channel = data.subarray(start, start + size);
    const [low, high] = [Math.min(...channel), Math.max(...channel)];
    const step = (high - low) / 3;
    for (let i = 0; i < size; i++) channel[i] = low + step * Math.round((channel[i]! - low) / step);
  }
  const expected = psnr(await decoded(mean), await decoded(Tensor.from(data, mean.shape)));
  // A latent between two levels may go to either of them: it is rounded from float32 results that differ in their last digits.
  expect(Math.abs((await figure(page, "psnr-harmed")) - expected)).toBeLessThan(1e-2);
  // 16 channels at an eighth of each side: 2 bits for a quarter of a number per pixel. Levels that are used unequally take less.
  expect(await figure(page, "rate")).toBe(0.5);
  expect(await figure(page, "entropy")).toBeLessThan(0.5);
});

test("a sample of the prior is Node's of that seed, and no picture", async () => {
  const page = await studio.open("?view=robustness&way=prior&seed=3");
  const { vae, latentDist, decoded } = await nodeModel();
  const z = denormalizeLatents(Generator.philox(3).randn(latentDist.mean.shape), vae.config);
  const expected = psnr(await decoded(latentDist.mode()), await decoded(z));
  expect(Math.abs((await figure(page, "psnr-harmed")) - expected)).toBeLessThan(1e-4);
  expect(expected).toBeLessThan(10);
});
