/** Why latents are scaled and shifted, and what is seen when one forgets. */
import { choice, flag, number } from "../../app/fields.ts";
import { anyView } from "../view.ts";
import { code } from "./code.ts";
import Formula from "./Formula.svelte";
import { needs } from "./needs.ts";
import { text } from "./text.ts";
import { published, scalings, type Line } from "./units.ts";

export interface ScalingState {
  /** In whose units latents are. */
  units: "flux" | "own";
  /** The factors that the line before decoding has. */
  scale: number;
  shift: number;
  scaling: Line["scaling"];
  adds: boolean;
}

const { scale, shift } = published["FLUX.1"];

export const scaling = anyView<ScalingState>({
  id: "scaling",
  text,
  fields: {
    units: choice(["flux", "own"], "flux"),
    scale: number({ default: scale, min: 0.05, max: 4, digits: 5 }),
    shift: number({ default: shift, min: -1, max: 1, digits: 5 }),
    scaling: choice(scalings, "skip"),
    adds: flag(true),
  },
  load: () => import("./Scaling.svelte"),
  looksAtPicture: true,
  needs,
  formula: Formula,
  code,
});
