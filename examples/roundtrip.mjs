/**
 * A picture to latents, and back to a picture.
 *
 *   node roundtrip.mjs PHOTO OUTPUT.png [MODEL]
 *
 * MODEL is a folder in diffusers' format, a .safetensors file or a hub id ("org/name"). Without it
 * the built-in model runs.
 */
import { writeFile } from "node:fs/promises";
import { AutoencoderKL, openVae } from "vaekit";

const [photo, output, model] = process.argv.slice(2);
if (photo === undefined || output === undefined) {
  console.error("Usage: node roundtrip.mjs PHOTO OUTPUT.png [MODEL]");
  process.exit(2);
}

const vae = model === undefined ? await AutoencoderKL.default() : await openVae(model);

// Read, resized to 256 pixels along the shorter side, encoded and normalised: what a diffusion model sees.
const latents = await vae.encodeImage(photo, { size: 256 });
console.log(`latents: [${latents.shape.join(", ")}]`);

// Denormalised, decoded, and turned into 8-bit samples.
const picture = await vae.decodeImage(latents);
await writeFile(output, await picture.toPng());
console.log(`${output}: ${picture.width}x${picture.height} pixels`);

await vae.dispose();
