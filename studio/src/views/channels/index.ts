/** The channels of the latents: what each holds, and what the decoder loses without it. */
import { choice, number, text as textField } from "../../app/fields.ts";
import { opening } from "../opening.ts";
import { anyView, type Code } from "../view.ts";
import { tools, type Tool } from "./edits.ts";
import Formula from "./Formula.svelte";
import { text } from "./text.ts";

export interface ChannelsState {
  /** What a click on a map does. */
  tool: Tool;
  /** See edits.ts. */
  edits: string;
  /** Whose values are shown in the histogram, from 0. */
  channel: number;
}

export const channels = anyView<ChannelsState>({
  id: "channels",
  text,
  fields: {
    tool: choice(tools, "zero"),
    edits: textField({ default: "z", pattern: /^[kzf]{0,64}$/ }),
    channel: number({ default: 0, min: 0, max: 63, digits: 0 }),
  },
  load: () => import("./Channels.svelte"),
  looksAtPicture: true,
  formula: Formula,
  code,
});

function code({ channel, edits }: ChannelsState): Code {
  const factor = edits[channel] === "f" ? -1 : 0;
  const [operation, comment] = factor === 0 ? ["= 0", "set to zero"] : ["*= -1", "its sign turned"];
  return {
    highlight: `channel ${channel + 1}`,
    typescript: `${opening("Tensor")}const { data, shape } = latentDist.mode(); // [1, 16, h, w]
const size = shape[2] * shape[3];
${
  factor === 0
    ? `const edited = data.slice().fill(0, ${channel} * size, ${channel + 1} * size); // channel ${channel + 1}`
    : `const edited = data.map((value, i) => (Math.floor(i / size) === ${channel} ? -value : value)); // channel ${channel + 1}`
}
const { sample } = await vae.decode(Tensor.from(edited, shape));
`,
    diffusers: `z = vae.encode(pixels).latent_dist.mode()  # [1, 16, h, w]
z[:, ${channel}] ${operation}  # channel ${channel + 1}, ${comment}
image = vae.decode(z).sample
`,
  };
}
