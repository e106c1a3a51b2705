/** On the way between two pictures, and sums of three: in latents, beside the same in pixels. */
import { interpolations, type Interpolation } from "vaekit";
import { choice, number } from "../../app/fields.ts";
import { builtInIds, type BuiltInId } from "../../subject/built-in.ts";
import { anyView } from "../view.ts";
import { code } from "./code.ts";
import Formula from "./Formula.svelte";
import { text } from "./text.ts";

export interface BetweenState {
  mode: "between" | "sum";
  /** The picture at the way's end; of a sum, the one that is taken away. */
  second: BuiltInId;
  /** Of a sum, the picture that is added. */
  third: BuiltInId;
  kind: Interpolation;
  /** 0 to 1 from the picture on screen to the second. */
  at: number;
  /** What the difference of a sum is multiplied by. */
  strength: number;
}

export const between = anyView<BetweenState>({
  id: "between",
  text,
  fields: {
    mode: choice(["between", "sum"], "between"),
    second: choice(builtInIds, "landscape"),
    third: choice(builtInIds, "letters"),
    kind: choice(interpolations, "slerp"),
    at: number({ default: 0.5, min: 0, max: 1, digits: 3 }),
    strength: number({ default: 1, min: 0, max: 2, digits: 2 }),
  },
  load: () => import("./Between.svelte"),
  looksAtPicture: true,
  formula: Formula,
  code,
});
