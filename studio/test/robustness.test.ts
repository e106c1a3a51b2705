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
  const whole = await decoded(mean);
  const expected: number[] = [];
  for (const data of quantized(mean.data)) {
    expected.push(psnr(whole, await decoded(Tensor.from(data, mean.shape))));
  }
  const shown = await figure(page, "psnr-harmed");
  expect(Math.min(...expected.map((each) => Math.abs(each - shown)))).toBeLessThan(1e-4);
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

/**
 * Each channel in four levels. A latent in the middle between two of them, within the last digits in which float32 results of two
 * machines differ, may go to either: so there are several answers, of which one must be the page's.
 */
function quantized(mean: Float32Array): Float32Array[] {
  const size = 32 * 32;
  const rounded = mean.slice();
  const open: { readonly i: number; readonly other: number }[] = [];
  for (let start = 0; start < mean.length; start += size) {
    const channel = mean.subarray(start, start + size);
    const [low, high] = [Math.min(...channel), Math.max(...channel)];
    const step = (high - low) / 3;
    for (let i = 0; i < size; i++) {
      const place = (channel[i]! - low) / step;
      const level = Math.round(place);
      rounded[start + i] = low + step * level;
      const isOpen = Math.abs((place % 1) - 0.5) < 1e-5;
      if (isOpen) open.push({ i: start + i, other: low + step * (level > place ? level - 1 : level + 1) });
    }
  }
  // The sample picture has one such latent, 3e-7 of a step from the middle.
  expect(open.length).toBe(1);
  const other = rounded.slice();
  for (const { i, other: value } of open) other[i] = value;
  return [rounded, other];
}
