/** The way or the sum as a program has it. */
import type { Code } from "../view.ts";
import type { BetweenState } from "./index.ts";

export function code(state: BetweenState): Code {
  return state.mode === "between" ? codeOfWay(state) : codeOfSum(state);
}

function codeOfWay({ kind, at }: BetweenState): Code {
  const fraction = Number(at.toFixed(3));
  const arc = `angle = torch.acos(torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0))
z = (torch.sin(${Number((1 - at).toFixed(3))} * angle) * a + torch.sin(${fraction} * angle) * b) / torch.sin(angle)
`;
  return {
    highlight: kind === "slerp" ? `"slerp"` : `"lerp"`,
    typescript: `import { interpolateLatents, openVae } from "vaekit";

const vae = await openVae("./models/my-vae");
const [a, b] = [await vae.encodeImage(first), await vae.encodeImage(second)]; // normalised latents
const z = interpolateLatents(a, b, ${fraction}, "${kind}");
const picture = await vae.decodeImage(z);
`,
    diffusers: `def latents(picture):
    mean = vae.encode(processor.preprocess(picture)).latent_dist.mode()
    return (mean - (vae.config.shift_factor or 0)) * vae.config.scaling_factor

a, b = latents(first), latents(second)
${kind === "slerp" ? arc : `z = torch.lerp(a, b, ${fraction})\n`}image = vae.decode(z / vae.config.scaling_factor + (vae.config.shift_factor or 0)).sample
`,
  };
}

function codeOfSum({ strength }: BetweenState): Code {
  const weight = Number(strength.toFixed(2));
  return {
    highlight: "weight:",
    typescript: `import { combineLatents, openVae } from "vaekit";

const vae = await openVae("./models/my-vae");
const [a, b, c] = await Promise.all([first, second, third].map((each) => vae.encodeImage(each)));
const z = combineLatents([
  { latents: a, weight: 1 },
  { latents: b, weight: ${-weight} },
  { latents: c, weight: ${weight} },
]);
const picture = await vae.decodeImage(z);
`,
    diffusers: `a, b, c = (vae.encode(processor.preprocess(each)).latent_dist.mode() for each in (first, second, third))
z = a + ${weight} * (c - b)
image = vae.decode(z).sample
`,
  };
}
