/** The line before decoding as a program has it, right or wrong. */
import type { Code } from "../view.ts";
import type { ScalingState } from "./index.ts";

export function code(state: ScalingState): Code {
  const scale = Number(state.scale.toFixed(5));
  const shift = Number(state.shift.toFixed(5));
  const operator = { divide: " / ", multiply: " * ", skip: "" }[state.scaling];
  const isRight = state.scaling === "divide" && state.adds;
  const inTypeScript = `value${operator}${operator === "" ? "" : scale}${state.adds ? ` + ${shift}` : ""}`;
  const scaled = operator === "" ? "latents" : `(latents${operator}vae.config.scaling_factor)`;
  const inPython = `${scaled}${state.adds ? " + vae.config.shift_factor" : ""}`;
  return {
    highlight: isRight ? "denormalizeLatents(" : "z = ",
    typescript: isRight
      ? `import { openVae } from "vaekit";

const vae = await openVae("./models/flux-vae"); // scaling_factor ${scale}, shift_factor ${shift}
const z = vae.denormalizeLatents(latents); // ${inTypeScript}
const { sample } = await vae.decode(z);
// or all of it in one call: await vae.decodeImage(latents)
`
      : `import { openVae, Tensor } from "vaekit";

const vae = await openVae("./models/flux-vae"); // scaling_factor ${scale}, shift_factor ${shift}
const z = Tensor.from(latents.data.map((value) => ${inTypeScript}), latents.shape); // wrong
const { sample } = await vae.decode(z);
`,
    diffusers: `# pipeline_flux.py, before decoding${isRight ? "" : ", wrong"}
z = ${inPython}
image = vae.decode(z, return_dict=False)[0]
image = image_processor.postprocess(image, output_type="pil")
`,
  };
}
