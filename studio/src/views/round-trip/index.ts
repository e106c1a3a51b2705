/** A picture, its reconstruction, and where they differ. */
import { choice, number } from "../../app/fields.ts";
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
  formula: Formula,
  code,
});

function code(): Code {
  return {
    typescript: `import { openVae, psnr } from "vaekit";

const vae = await openVae("models/my-vae");
const original = …; // a raster: readImage in Node, createImageBitmap in a page
const { latentDist } = await vae.encode(vae.preprocess(original));
const { sample } = await vae.decode(latentDist.mode());
const [picture] = vae.postprocess(sample);
console.log(psnr(original, picture));
`,
    diffusers: `from diffusers import AutoencoderKL
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
