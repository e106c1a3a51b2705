/** `Generator`: the type of every generator and the two ways to make one. */
import type { BaseGenerator } from "./base-generator.ts";
import { PhiloxGenerator } from "./philox-generator.ts";
import { TorchGenerator } from "./torch-generator.ts";

/** A source of random tensors. */
export type Generator = BaseGenerator;

/** The two ways to make a generator. */
export const Generator = {
  /** Draws the same bits as `torch.Generator("cpu").manual_seed(seed)` (profile "torch-cpu-avx2"). */
  torch(seed: number | bigint): TorchGenerator {
    return new TorchGenerator(seed);
  },

  /** vaekit's own: counter-based, the same on every machine, with independent streams. */
  philox(seed: number | bigint): PhiloxGenerator {
    return new PhiloxGenerator(seed);
  },
} as const;
