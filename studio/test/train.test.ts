/** A VAE that learns in the page: the same numbers as in Node, and a page that never stands still meanwhile. */
import { NodeRuntime, Tensor } from "vaekit";
import { Trainer } from "vaekit/train";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawnDigits, pixelCount } from "../src/views/train/digits.ts";
import { recipeOf, trainedCount, trainedSeed } from "../src/views/train/recipe.ts";
import { figure, openStudio, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

/** Nothing is trained before somebody says so. */
const still = { reducedMotion: "reduce" } as const;

const untilStep = (page: Page, step: number): Promise<unknown> =>
  page.waitForSelector(`data#step[value="${step}"]`);

test("a hundred steps have Node's losses", async () => {
  const page = await studio.open("?view=train&latent=20&beta=2&seed=5", still);
  await page.getByRole("button", { name: "100 steps" }).click();
  await untilStep(page, 100);

  const { pixels } = drawnDigits(trainedCount, trainedSeed);
  const data = Tensor.from(pixels, [trainedCount, pixelCount]);
  const recipe = recipeOf({ beta: 2, latentSize: 20, seed: 5 });
  const runtime = new NodeRuntime({ device: "cpu" });
  const trainer = await Trainer.fromRecipe(runtime, recipe, { data });
  let { terms } = await trainer.advance();
  while (trainer.step < 100) ({ terms } = await trainer.advance());
  await trainer.dispose();
  await runtime.dispose();

  // Of their value: both sum in float32 in orders of their own, and a hundred steps of Adam make the differences grow.
  const [reconstruction, kl] = [await figure(page, "reconstruction"), await figure(page, "kl-of-digits")];
  expect(Math.abs(reconstruction / terms["reconstruction"]! - 1)).toBeLessThan(1e-4);
  expect(Math.abs(kl / terms["kl"]! - 1)).toBeLessThan(1e-4);
});

test("space plays and pauses, arrows make steps, and another β begins anew", async () => {
  const page = await studio.open("?view=train", { ...still, live: false });
  await page.waitForSelector("button.play:not(:disabled)");
  await page.keyboard.press("ArrowRight");
  await untilStep(page, 1);
  await page.keyboard.press(" ");
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.waitForFunction(() => Number(document.querySelector<HTMLDataElement>("#step")?.value) > 3);
  await page.keyboard.press(" ");
  await page.getByRole("button", { name: "Play" }).waitFor();
  await page.getByRole("slider", { name: "β" }).fill("0.5");
  await untilStep(page, 0);
});

test("files of MNIST are learnt from, and others are refused with a sentence", async () => {
  const page = await studio.open("?view=train", { ...still, live: false });
  const chooser = page.locator('.controls input[type="file"]');
  const files = (images: Buffer) => [
    { name: "train-images-idx3-ubyte", mimeType: "", buffer: images },
    { name: "train-labels-idx1-ubyte", mimeType: "", buffer: idx([200], 7) },
  ];
  await chooser.setInputFiles(files(idx([200, 28, 28], 90).subarray(0, 5000)));
  await page.getByRole("alert").getByText("cut off").waitFor();
  await chooser.setInputFiles(files(idx([200, 28, 28], 90)));
  // The last twenty are only looked at.
  await page.getByText("Learns from 180 digits of your files").waitFor();
});

/** A file of MNIST in which every value is the same. */
function idx(shape: readonly number[], value: number): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.writeUInt32BE(0x800 + shape.length);
  shape.forEach((size, i) => head.writeUInt32BE(size, 4 + 4 * i));
  const count = shape.reduce((a, b) => a * b);
  return Buffer.concat([head, Buffer.alloc(count, value)]);
}
