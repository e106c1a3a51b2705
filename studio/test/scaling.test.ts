/** Why latents are scaled and shifted: the line before decoding, and what is seen when a part of it is forgotten. */
import { psnr, Tensor } from "vaekit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeModel } from "./node-model.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

test("a click on a part of the line forgets it, with Node's numbers", async () => {
  const page = await studio.open("?view=scaling&scaling=divide");
  const { vae, original, latentDist, decoded } = await nodeModel();
  const { scalingFactor: s, shiftFactor: b } = vae.config;
  /**
   * What the diffusion model sees, the line, and from FLUX.1's units to the built-in model's own: rounded to float32 once at the end, as
   * in the page. Then all that differs are pixels that are rounded to the next level, of 196 608 a few.
   */
  const psnrOf = async (line: (u: number) => number): Promise<number> => {
    const z = latentDist.mode().data.map((value) => {
      const given = line((value - b!) * s!);
      return ((given - 0.1159) * 0.3611) / s! + b!;
    });
    return psnr(original, await decoded(Tensor.from(z, latentDist.mean.shape)));
  };

  const right = await psnrOf((u) => u / 0.3611 + 0.1159);
  expect(Math.abs((await figure(page, "psnr-yours")) - right)).toBeLessThan(1e-4);
  // To FLUX.1's units and back, in float64: the right line is the plain reconstruction.
  const plain = psnr(original, await decoded(latentDist.mode()));
  expect(Math.abs((await figure(page, "psnr-right")) - plain)).toBeLessThan(1e-4);
  expect(Math.abs(right - plain)).toBeLessThan(1e-4);

  await page.getByRole("button", { name: "Divide by 0.3611" }).click();
  await settled(page);
  const forgotten = await psnrOf((u) => u + 0.1159);
  expect(Math.abs((await figure(page, "psnr-yours")) - forgotten)).toBeLessThan(1e-4);
  expect(right - forgotten).toBeGreaterThan(10);

  await page.getByRole("button", { name: "Add 0.1159" }).click();
  await settled(page);
  const both = await psnrOf((u) => u);
  expect(Math.abs((await figure(page, "psnr-yours")) - both)).toBeLessThan(1e-4);

  await page.keyboard.press("z");
  await page.keyboard.press("z");
  await settled(page);
  expect(Math.abs((await figure(page, "psnr-yours")) - right)).toBeLessThan(1e-4);
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
