/** Why latents are scaled and shifted: the line before decoding, and what is seen when a part of it is forgotten. */
import { denormalizeLatents, normalizeLatents, psnr, Tensor } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

const flux = { scalingFactor: 0.3611, shiftFactor: 0.1159, latentChannels: 16 };

test("a click on a part of the line forgets it, with Node's numbers", async () => {
  const page = await studio.open("?view=scaling&scaling=divide");
  const { vae, original, latentDist, decoded } = await nodeModel();
  const seen = vae.normalizeLatents(latentDist.mode());
  /** The built-in model decodes latents in FLUX.1's units once they are in its own. */
  const psnrOf = async (given: Tensor): Promise<number> => {
    const own = denormalizeLatents(normalizeLatents(given, flux), vae.config);
    return psnr(original, await decoded(own));
  };
  const line = (formula: (u: number) => number): Tensor =>
    Tensor.from(
      seen.data.map((u) => formula(u)),
      seen.shape,
    );

  const right = await psnrOf(line((u) => u / 0.3611 + 0.1159));
  expect(Math.abs((await figure(page, "psnr-yours")) - right)).toBeLessThan(1e-2);
  expect(Math.abs((await figure(page, "psnr-yours")) - (await figure(page, "psnr-right")))).toBeLessThan(
    1e-2,
  );

  await page.getByRole("button", { name: "Divide by 0.3611" }).click();
  await settled(page);
  const forgotten = await psnrOf(line((u) => u + 0.1159));
  expect(Math.abs((await figure(page, "psnr-yours")) - forgotten)).toBeLessThan(1e-4);
  expect(right - forgotten).toBeGreaterThan(10);

  await page.getByRole("button", { name: "Add 0.1159" }).click();
  await settled(page);
  const both = await psnrOf(line((u) => u));
  expect(Math.abs((await figure(page, "psnr-yours")) - both)).toBeLessThan(1e-4);

  await page.keyboard.press("z");
  await page.keyboard.press("z");
  await settled(page);
  expect(Math.abs((await figure(page, "psnr-yours")) - right)).toBeLessThan(1e-2);
});

test("the sliders take the factors of other models", async () => {
  const page = await studio.open("?view=scaling&scaling=divide");
  await page.getByRole("radio", { name: "SD 1" }).check();
  await settled(page);
  await page.waitForURL(/scale=0\.18215/);
  expect(await page.getByRole("slider", { name: "scaling_factor" }).getAttribute("aria-valuetext")).toBe(
    "0.1822",
  );
  expect(await figure(page, "psnr-yours")).toBeLessThan(await figure(page, "psnr-right"));
});
