/** A brush on latents, and what the decoder makes of its strokes. */
import { choice, number, text as textField } from "../../app/fields.ts";
import { opening } from "../opening.ts";
import { anyView, type Code } from "../view.ts";
import Formula from "./Formula.svelte";
import { strokesPattern, tools, type Tool } from "./strokes.ts";
import { text } from "./text.ts";

export interface PaintState {
  tool: Tool;
  /** The channel that is shown, from 0. */
  channel: number;
  /** Whether the brush is on all channels. */
  on: "channel" | "all";
  /** In latents of a picture of 256 pixels. */
  radius: number;
  strength: number;
  /** See strokes.ts. */
  strokes: string;
}

export const paint = anyView<PaintState>({
  id: "paint",
  text,
  fields: {
    tool: choice(tools, "add"),
    channel: number({ default: 1, min: 0, max: 63, digits: 0 }),
    on: choice(["channel", "all"], "channel"),
    radius: number({ default: 2, min: 0.5, max: 8, digits: 1 }),
    strength: number({ default: 3, min: 0.5, max: 6, digits: 1 }),
    // A smile under the gold ball's eyes.
    strokes: textField({ default: "t1r3s40:rv.t1r3s40:Bv.t1r3s40:rCtFwHzFBC", pattern: strokesPattern }),
  },
  load: () => import("./Paint.svelte"),
  looksAtPicture: true,
  formula: Formula,
  code,
});

function code({ channel, strength }: PaintState): Code {
  return {
    highlight: "3 x 3",
    typescript: `${opening("Tensor")}const { data, shape } = latentDist.mode(); // [1, 16, h, w]
const [, , h, w] = shape;
const painted = data.slice();
for (const y of [14, 15, 16]) {
  const begin = ${channel} * h * w + y * w + 14;
  for (let i = begin; i < begin + 3; i++) painted[i] += ${strength}; // 3 x 3 places of channel ${channel + 1}
}
const { sample } = await vae.decode(Tensor.from(painted, shape));
`,
    diffusers: `z = vae.encode(pixels).latent_dist.mode()
z[:, ${channel}, 14:17, 14:17] += ${strength}  # 3 x 3 places of channel ${channel + 1}
image = vae.decode(z).sample
`,
  };
}
