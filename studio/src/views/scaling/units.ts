/** Latents between units: the VAE's own, FLUX.1's, and those that a diffusion model works on. */
import { Tensor } from "vaekit";

export interface Factors {
  readonly scale: number;
  readonly shift: number;
}

/** As the published models' config.json have them. */
export const published = {
  "SD 1": { scale: 0.18215, shift: 0 },
  SDXL: { scale: 0.13025, shift: 0 },
  "SD 3": { scale: 1.5305, shift: 0.0609 },
  "FLUX.1": { scale: 0.3611, shift: 0.1159 },
} as const satisfies Readonly<Record<string, Factors>>;

/** What the line before decoding does with the scale. */
export const scalings = ["divide", "skip", "multiply"] as const;
export type Scaling = (typeof scalings)[number];

/** The line before decoding, rightly or wrongly. */
export interface Line extends Factors {
  readonly scaling: Scaling;
  readonly adds: boolean;
}

type Affine = (value: number) => number;

/** z → (z − b) · s: what the diffusion model sees. */
export const normalizing =
  ({ scale, shift }: Factors): Affine =>
  (z) =>
    (z - shift) * scale;

/** The line before decoding: u / s + b where it is right. */
export const lineOf = ({ scale, shift, scaling, adds }: Line): Affine => {
  const added = adds ? shift : 0;
  if (scaling === "divide") return (u) => u / scale + added;
  if (scaling === "multiply") return (u) => u * scale + added;
  return (u) => u + added;
};

/** Latents in the units in which the factors are `from` → in those in which they are `to`. */
export const converting = (from: Factors, to: Factors): Affine => {
  const [normalize, denormalize] = [normalizing(from), lineOf({ ...to, scaling: "divide", adds: true })];
  return (z) => denormalize(normalize(z));
};

/** Computes in float64 and rounds once. */
export function mapped(latents: Tensor<"float32">, ...steps: readonly Affine[]): Tensor<"float32"> {
  const data = latents.data.map((value) => steps.reduce((x, step) => step(x), value));
  return Tensor.from(data, latents.shape);
}
