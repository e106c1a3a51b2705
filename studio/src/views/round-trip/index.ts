/** A picture, its reconstruction, and where they differ. */
import { choice, number } from "../../app/fields.ts";
import { opening } from "../opening.ts";
import { anyView, type Code } from "../view.ts";
import Formula from "./Formula.svelte";
import { text } from "./text.ts";

export interface RoundTripState {
  /** Where the divider is, 0 to 1. */
  at: number;
  show: "reconstruction" | "difference";
  /** What differences are multiplied by. */
  gain: number;
}

export const roundTrip = anyView<RoundTripState>({
  id: "round-trip",
  text,
  fields: {
    at: number({ default: 0.62, min: 0, max: 1, digits: 3 }),
    show: choice(["reconstruction", "difference"], "reconstruction"),
    gain: number({ default: 8, min: 1, max: 32, digits: 1 }),
  },
  load: () => import("./RoundTrip.svelte"),
  looksAtPicture: true,
  formula: Formula,
  code,
});

function code(): Code {
  return {
    typescript: `${opening("psnr")}const { sample } = await vae.decode(latentDist.mode());
const [reconstruction] = vae.postprocess(sample);
console.log(psnr(picture, reconstruction));
`,
    diffusers: `import torch
from diffusers import AutoencoderKL
from diffusers.image_processor import VaeImageProcessor

vae = AutoencoderKL.from_pretrained("models/my-vae")
processor = VaeImageProcessor()
with torch.no_grad():
    latents = vae.encode(processor.preprocess(original)).latent_dist.mode()
    sample = vae.decode(latents).sample
picture = processor.postprocess(sample)[0]
`,
  };
}
