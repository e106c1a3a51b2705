/** Between two pictures: the middle of the way, and the way's ends. */
import { denormalizeLatents, interpolateLatents, normalizeLatents, psnr, resizeRaster } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { letters } from "../src/subject/letters.ts";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

test("the slider leads along the arc, as in Node", async () => {
  const page = await studio.open("?view=between&second=letters");
  await page.getByRole("slider", { name: "Place on the way" }).fill("0.25");
  await page.waitForURL(/at=0\.25/);
  await settled(page);

  const { vae, original, latentDist, decoded } = await nodeModel();
  const second = resizeRaster(letters(), 256, 256);
  const encoded = await vae.encode(vae.preprocess(second));
  const [a, b] = [latentDist, encoded.latentDist].map((each) => normalizeLatents(each.mode(), vae.config));
  const z = denormalizeLatents(interpolateLatents(a!, b!, 0.25, "slerp"), vae.config);
  const data = original.data.map((value, i) => Math.round(0.75 * value + 0.25 * second.data[i]!));
  const expected = psnr(await decoded(z), { ...original, data });
  expect(Math.abs((await figure(page, "psnr-pixels")) - expected)).toBeLessThan(1e-4);
});

test("a sum that takes away what it adds is the picture itself", async () => {
  const page = await studio.open("?view=between&mode=sum&second=rings&third=rings&strength=1.5");
  const { original, latentDist, decoded } = await nodeModel();
  // In pixels it is the picture to the bit, in latents to float32's rounding.
  const expected = psnr(await decoded(latentDist.mode()), original);
  expect(Math.abs((await figure(page, "psnr-pixels")) - expected)).toBeLessThan(1e-3);
});
