/** The damage as a program has it. */
import { opening } from "../opening.ts";
import type { Code } from "../view.ts";
import type { RobustnessState } from "./index.ts";

export function code(state: RobustnessState): Code {
  if (state.way === "bits") return codeOfBits(state);
  return state.way === "noise" ? codeOfNoise(state) : codeOfPrior(state);
}

function codeOfBits({ bits }: RobustnessState): Code {
  return {
    highlight: "Math.round(",
    typescript: `${opening("Tensor")}const mean = latentDist.mode();
const size = mean.size / mean.shape[1]; // of one channel
const data = mean.data.slice();
for (let start = 0; start < data.length; start += size) {
  const channel = data.subarray(start, start + size);
  const low = Math.min(...channel);
  const step = (Math.max(...channel) - low) / ${2 ** bits - 1}; // ${bits} bits
  for (let i = 0; i < size; i++) channel[i] = low + step * Math.round((channel[i] - low) / step);
}
const { sample } = await vae.decode(Tensor.from(data, mean.shape));
`,
    diffusers: `mean = vae.encode(pixels).latent_dist.mode()
low, high = mean.amin((2, 3), keepdim=True), mean.amax((2, 3), keepdim=True)
step = (high - low) / ${2 ** bits - 1}  # ${bits} bits
z = low + step * torch.round((mean - low) / step)
image = vae.decode(z).sample
`,
  };
}

function codeOfNoise({ noise, seed }: RobustnessState): Code {
  const amount = Number(noise.toFixed(2));
  return {
    highlight: `${amount} *`,
    typescript: `${opening("Generator", "Tensor")}const mean = latentDist.mode();
const epsilon = Generator.philox(${seed}).randn(mean.shape).data;
const average = mean.data.reduce((a, b) => a + b) / mean.size;
const deviation = Math.sqrt(mean.data.reduce((sum, value) => sum + (value - average) ** 2, 0) / mean.size);
const data = mean.data.map((value, i) => value + ${amount} * deviation * epsilon[i]);
const { sample } = await vae.decode(Tensor.from(data, mean.shape));
`,
    diffusers: `mean = vae.encode(pixels).latent_dist.mode()
epsilon = torch.randn(mean.shape, generator=torch.manual_seed(${seed}))
z = mean + ${amount} * mean.std(correction=0) * epsilon
image = vae.decode(z).sample
`,
  };
}

function codeOfPrior({ seed }: RobustnessState): Code {
  return {
    highlight: "randn(",
    typescript: `import { Generator, openVae } from "vaekit";

const vae = await openVae("./models/my-vae");
const latents = Generator.philox(${seed}).randn([1, vae.facts.latentChannels, 32, 32]);
const picture = await vae.decodeImage(latents); // for pictures, a diffusion model makes the latents
`,
    diffusers: `latents = torch.randn((1, vae.config.latent_channels, 32, 32), generator=torch.manual_seed(${seed}))
z = latents / vae.config.scaling_factor + (vae.config.shift_factor or 0)
image = vae.decode(z).sample  # for pictures, a diffusion model makes the latents
`,
  };
}
