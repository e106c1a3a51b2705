/** The posterior: mean, deviation, samples, and what they cost. */
import { number } from "../../app/fields.ts";
import { opening } from "../opening.ts";
import { anyView, type Code } from "../view.ts";
import Formula from "./Formula.svelte";
import { needs } from "./needs.ts";
import { text } from "./text.ts";

export interface PosteriorState {
  /** Multiplies the noise. */
  temperature: number;
  seed: number;
  /** What differences are multiplied by. */
  gain: number;
}

export const posterior = anyView<PosteriorState>({
  id: "posterior",
  text,
  fields: {
    temperature: number({ default: 30, min: 0.1, max: 100, digits: 2 }),
    seed: number({ default: 1, min: 0, max: 2 ** 31, digits: 0 }),
    gain: number({ default: 16, min: 1, max: 32, digits: 1 }),
  },
  load: () => import("./Posterior.svelte"),
  looksAtPicture: true,
  needs,
  formula: Formula,
  code,
});

function code({ temperature, seed }: PosteriorState): Code {
  const times = temperature === 1 ? "" : `${Number(temperature.toFixed(2))} * `;
  return {
    highlight: temperature === 1 ? "latentDist.sample(" : times,
    typescript:
      temperature === 1
        ? `${opening("Generator")}const z = latentDist.sample({ generator: Generator.philox(${seed}) });
const { sample } = await vae.decode(z);
console.log(latentDist.kl().data[0]); // in nats
`
        : `${opening("Generator", "Tensor")}const epsilon = Generator.philox(${seed}).randn(latentDist.mean.shape);
const noise = Tensor.from(epsilon.data.map((value) => ${times}value), epsilon.shape);
const { sample } = await vae.decode(latentDist.sample({ noise }));
console.log(latentDist.kl().data[0]); // in nats
`,
    diffusers: `dist = vae.encode(pixels).latent_dist
epsilon = torch.randn(dist.mean.shape, generator=torch.manual_seed(${seed}))
z = dist.mean + ${times}dist.std * epsilon
image = vae.decode(z).sample
print(dist.kl())  # in nats
`,
  };
}
