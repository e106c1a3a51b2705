/**
 * Decodes latents that a Python pipeline saved (encode.py, or any pipeline with output_type="latent").
 *
 *   node decode.mjs LATENTS.safetensors PICTURE.png MODEL
 *
 * MODEL is the model that made them: a folder, a .safetensors file or a hub id.
 */
import { writeFile } from "node:fs/promises";
import { openVae, readLatents } from "vaekit";

const [path, output, model] = process.argv.slice(2);
if (path === undefined || output === undefined || model === undefined) {
  console.error("Usage: node decode.mjs LATENTS.safetensors PICTURE.png MODEL");
  process.exit(2);
}

const vae = await openVae(model);

// A safetensors file does not say whether its latents are normalised; a pipeline's are, so that is assumed, and said.
// readLatents gives them in the VAE's own scale: divided by the scaling factor, plus the shift factor.
const { latents } = await readLatents(path, vae, { onNote: (note) => console.error(note) });

const { sample } = await vae.decode(latents);
const [picture] = vae.postprocess(sample);
await writeFile(output, await picture.toPng());
console.log(`${output}: ${picture.width}x${picture.height} pixels`);

await vae.dispose();
