/** A VAE that learns digits in the page. */
import { choice, number } from "../../app/fields.ts";
import { anyView } from "../view.ts";
import { code } from "./code.ts";
import Formula from "./Formula.svelte";
import { text } from "./text.ts";

/** How many numbers a digit becomes. */
export const latentSizes = ["2", "8", "20"] as const;

export interface TrainState {
  beta: number;
  latent: (typeof latentSizes)[number];
  seed: number;
}

export const train = anyView<TrainState>({
  id: "train",
  text,
  fields: {
    beta: number({ default: 1, min: 0.1, max: 10, digits: 2 }),
    latent: choice(latentSizes, "2"),
    seed: number({ default: 1, min: 0, max: 2 ** 31, digits: 0 }),
  },
  load: () => import("./Train.svelte"),
  looksAtPicture: false,
  formula: Formula,
  code,
});
