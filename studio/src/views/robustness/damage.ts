/** What is done to latents: fewer levels, added noise, or nothing left of them but their usual size. */
import { Generator, Tensor } from "vaekit";
import { meanAndDeviation } from "../../drawing/statistics.ts";
import type { Model } from "../../engine/engine.svelte.ts";

type Latents = Tensor<"float32">;

export const ways = ["bits", "noise", "prior"] as const;
export type Way = (typeof ways)[number];

/** One damage: how much, in bits or in deviations of the latents. */
export interface Damage {
  readonly way: Way;
  readonly amount: number;
  readonly seed: number;
}

export function damaged(model: Model, z: Latents, { way, amount, seed }: Damage): Latents {
  if (way === "bits") return quantized(z, amount).latents;
  if (way === "noise") return withNoise(z, amount, seed);
  return model.denormalizeLatents(Generator.philox(seed).randn(z.shape));
}

/**
 * Every channel in 2^bits levels at equal distances, from its least value to its largest.
 *
 * @returns the latents, and what they take: the entropy of the levels of each channel, summed over all values, in bits.
 */
export function quantized(z: Latents, bits: number): { latents: Latents; entropyBits: number } {
  const [count = 1, channels = 1] = z.shape;
  const size = z.size / (count * channels);
  const top = 2 ** bits - 1;
  const out = new Float32Array(z.size);
  let entropyBits = 0;
  for (let start = 0; start < z.size; start += size) {
    const channel = z.data.subarray(start, start + size);
    const low = channel.reduce((a, b) => Math.min(a, b));
    const step = (channel.reduce((a, b) => Math.max(a, b)) - low) / top || 1;
    const uses = new Uint32Array(top + 1);
    for (let i = 0; i < size; i++) {
      const level = Math.round((channel[i]! - low) / step);
      uses[level]! += 1;
      out[start + i] = low + level * step;
    }
    entropyBits += uses.reduce((sum, n) => (n === 0 ? sum : sum - n * Math.log2(n / size)), 0);
  }
  return { latents: Tensor.from(out, z.shape), entropyBits };
}

/** @param amount in deviations of all of the latents. */
function withNoise(z: Latents, amount: number, seed: number): Latents {
  const { deviation } = meanAndDeviation(z.data);
  const epsilon = Generator.philox(seed).randn(z.shape).data;
  return Tensor.from(
    z.data.map((value, i) => value + amount * deviation * epsilon[i]!),
    z.shape,
  );
}
