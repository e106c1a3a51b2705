/** How much the decoder bears: coarse latents, noisy ones, and latents that no picture ever had. */
import { choice, number } from "../../app/fields.ts";
import { anyView } from "../view.ts";
import { code } from "./code.ts";
import { ways, type Way } from "./damage.ts";
import Formula from "./Formula.svelte";
import { text } from "./text.ts";

export interface RobustnessState {
  way: Way;
  /** Of each latent. */
  bits: number;
  /** In deviations of the latents. */
  noise: number;
  seed: number;
}

export const robustness = anyView<RobustnessState>({
  id: "robustness",
  text,
  fields: {
    way: choice(ways, "bits"),
    bits: number({ default: 3, min: 2, max: 8, digits: 0 }),
    noise: number({ default: 0.3, min: 0, max: 1, digits: 2 }),
    seed: number({ default: 1, min: 0, max: 2 ** 31, digits: 0 }),
  },
  load: () => import("./Robustness.svelte"),
  looksAtPicture: true,
  formula: Formula,
  code,
});
