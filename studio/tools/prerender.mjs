/**
 * Makes what the page shows before the model is there: writes src/prerendered, from the built page itself as every view begins. To be
 * run again when the built-in model or a view's beginning changes: npm run prerender.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { AutoencoderKL, NodeRuntime, psnr, readImage, resizeRaster, Tensor } from "vaekit";
import { Trainer } from "vaekit/train";
import { createServer, preview } from "vite";

const out = new URL("../src/prerendered/", import.meta.url);
const studio = fileURLToPath(new URL("..", import.meta.url));
const sample = fileURLToPath(new URL("../../assets/sample.png", import.meta.url));

const views = await fromThePage();
const without = await psnrWithoutChannels();
await writePicture("train", await trainedPlane());
await writeThumbnails();
await writeFile(new URL("numbers.json", out), `${JSON.stringify({ views, without }, undefined, 2)}\n`);

/** Writes every named canvas; returns every view's numbers. */
async function fromThePage() {
  const server = await preview({ root: studio, preview: { host: "127.0.0.1", port: 0 } });
  const executablePath = process.env["VAEKIT_CHROMIUM"] ?? "/usr/bin/chromium-headless-shell";
  const browser = await chromium.launch({ executablePath });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const address = server.resolvedUrls?.local[0] ?? "";
  await page.goto(address);
  const links = await page
    .locator("nav a")
    .evaluateAll((all) => all.map((a) => a.getAttribute("href") ?? ""));
  /** @type {Record<string, Record<string, number>>} */
  const numbers = {};
  for (const link of links) {
    await page.goto(new URL(link, address).href);
    await page.waitForSelector('main[data-phase="ready"]');
    await page.waitForTimeout(200);
    await page.waitForSelector('main[aria-busy="false"]');
    await page.waitForTimeout(200);
    for (const canvas of await page.locator("canvas[data-name]").all()) {
      const name = await canvas.getAttribute("data-name");
      // Its colours are the page's; the numbers are needed.
      if (name === "train") continue;
      const url = await canvas.evaluate((element) => /** @type {HTMLCanvasElement} */ (element).toDataURL());
      await writePicture(String(name), Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
    }
    /** @type {Record<string, number>} */
    const shown = {};
    for (const data of await page.locator("data[id]").all()) {
      const [id, value] = [await data.getAttribute("id"), await data.getAttribute("value")];
      shown[String(id)] = Number(value);
    }
    numbers[link.replace("?view=", "")] = shown;
  }
  await browser.close();
  await server.close();
  return numbers;
}

/** The PSNR to the model's own reconstruction without each channel; and the picture's posterior, in moments.bin. */
async function psnrWithoutChannels() {
  const vae = await AutoencoderKL.default();
  const original = resizeRaster(await readImage(sample), 256, 256);
  const { latentDist } = await vae.encode(vae.preprocess(original));
  await writeFile(new URL("moments.bin", out), latentDist.parameters.toFloat("float16").bytes);
  const mean = latentDist.mode();
  const size = mean.size / 16;
  const decoded = async (/** @type {Tensor} */ latents) =>
    vae.postprocess((await vae.decode(latents)).sample)[0];
  const whole = await decoded(mean);
  const decibels = [];
  for (let channel = 0; channel < 16; channel++) {
    const data = mean.data.slice().fill(0, channel * size, (channel + 1) * size);
    decibels.push(psnr(whole, await decoded(Tensor.from(data, mean.shape))));
  }
  await vae.dispose();
  return decibels;
}

/** The built-in pictures, twice as fine as they are shown. */
async function writeThumbnails() {
  const server = await moduleServer();
  const { formulas } = /** @type {typeof import("../src/subject/formulas.ts")} */ (
    await server.ssrLoadModule("/src/subject/formulas.ts")
  );
  const write = (/** @type {string} */ id, /** @type {import("sharp").Sharp} */ picture) =>
    picture
      .resize(104, 104)
      .png()
      .toBuffer()
      .then((png) => writePicture(`thumbnail-${id}`, png));
  await write("still-life", sharp(sample));
  for (const [id, make] of Object.entries(formulas)) {
    const { data, ...raw } = make();
    await write(id, sharp(data, { raw }));
  }
  await server.close();
}

/** Gives the page's own modules. */
function moduleServer() {
  return createServer({
    root: studio,
    server: { middlewareMode: true },
    appType: "custom",
    // The same classes as here.
    ssr: { external: ["vaekit", "vaekit/train"] },
  });
}

/** View 8 where it comes to rest: its plane of digits as numbers from 0 to 255. */
async function trainedPlane() {
  const server = await moduleServer();
  const load = (/** @type {string} */ name) => server.ssrLoadModule(`/src/views/train/${name}.ts`);
  const { drawnDigits } = /** @type {typeof import("../src/views/train/digits.ts")} */ (await load("digits"));
  const recipe = /** @type {typeof import("../src/views/train/recipe.ts")} */ (await load("recipe"));
  const { picturesOf } = /** @type {typeof import("../src/views/train/pictures.ts")} */ (
    await load("pictures")
  );
  const { pixels } = drawnDigits(recipe.trainedCount, recipe.trainedSeed);
  const runtime = new NodeRuntime({ device: "cpu" });
  const data = Tensor.from(pixels, [recipe.trainedCount, 28 * 28]);
  const settings = recipe.recipeOf({ beta: 1, latentSize: 2, seed: 1 });
  const trainer = await Trainer.fromRecipe(runtime, settings, { data });
  while (trainer.step < recipe.stepsByItself) await trainer.advance();
  const { grid } = await picturesOf(trainer, drawnDigits(recipe.testCount, recipe.testSeed), 2);
  await trainer.dispose();
  await runtime.dispose();
  await server.close();
  const side = Math.sqrt(grid.length);
  const raw = { width: side, height: side, channels: /** @type {const} */ (1) };
  return sharp(
    Uint8Array.from(grid, (value) => Math.round(255 * value)),
    { raw },
  )
    .png()
    .toBuffer();
}

/**
 * @param {string} name
 * @param {Buffer} png
 */
async function writePicture(name, png) {
  const file = new URL(`${name}.webp`, out);
  await sharp(png).removeAlpha().webp({ quality: 90, effort: 6 }).toFile(fileURLToPath(file));
  process.stdout.write(`${name} ${(await readFile(file)).length} bytes\n`);
}
