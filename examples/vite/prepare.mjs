/** Puts a model where the page finds it: vaekit's built-in one, as a folder in diffusers' format. */
import { AutoencoderKL } from "vaekit";

const vae = await AutoencoderKL.default();
await vae.savePretrained("public/model");
await vae.dispose();
