/**
 * Computes what the page shows before the model is there, for the first built-in picture at 256x256: writes src/prerendered. To be run
 * again when the built-in model changes: node tools/prerender.mjs, after npm run build in the folder above.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { AutoencoderKL, psnr, readImage, resizeRaster, ssim, Tensor } from "vaekit";

const out = new URL("../src/prerendered/", import.meta.url);
const sample = fileURLToPath(new URL("../../assets/sample.png", import.meta.url));

const vae = await AutoencoderKL.default();
const original = resizeRaster(await readImage(sample), 256, 256);
const { latentDist } = await vae.encode(vae.preprocess(original));
const mean = latentDist.mode();

/** @param {Tensor} latents */
const decoded = async (latents) => vae.postprocess((await vae.decode(latents)).sample)[0];
const reconstruction = await decoded(mean);

await writeFile(new URL("moments.bin", out), latentDist.parameters.toFloat("float16").bytes);
await writePicture("reconstruction.webp", reconstruction);

// What the decoder loses without each channel, against its own reconstruction.
const without = [];
for (let channel = 0; channel < 16; channel++)
  without.push(psnr(reconstruction, await decoded(zeroed(channel))));

const numbers = { psnr: psnr(original, reconstruction), ssim: ssim(original, reconstruction), without };
await writeFile(new URL("numbers.json", out), `${JSON.stringify(numbers, undefined, 2)}\n`);
await vae.dispose();

/** @param {number} channel */
function zeroed(channel) {
  const size = mean.size / 16;
  const data = Float32Array.from(mean.data, (value, i) => (Math.floor(i / size) === channel ? 0 : value));
  return Tensor.from(data, mean.shape);
}

/**
 * @param {string} name
 * @param {import("vaekit").Raster} raster
 */
async function writePicture(name, { width, height, channels, data }) {
  const picture = sharp(data, { raw: { width, height, channels } });
  await picture.webp({ quality: 90 }).toFile(fileURLToPath(new URL(name, out)));
}
