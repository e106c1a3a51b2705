import { describe, expect, it } from "vitest";
import type { WeightsKind } from "../train/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { measureLikelihood } from "./likelihood.ts";
import type { RunLoopParts } from "./run-loop-parts.ts";

type Floats = Tensor<"float32">;

/** Two batches, of three pictures and of one; pixel 0 tells which. */
const batches = [Tensor.from(Float32Array.of(0, 1, 2), [3, 1]), Tensor.from(Float32Array.of(3), [1, 1])];

/** Four latents of each picture, whose variances over the pictures lie on both sides of 0.01. */
const latentsOf = (picture: number): number[] => [
  // ±0.125: 0.0156
  picture % 2 === 0 ? 0.125 : -0.125,
  // ±0.09375 beside a mean of 5: 0.0088
  5 + (picture % 2 === 0 ? 0.09375 : -0.09375),
  // One of four: 3/16 of 0.25² is 0.0117
  picture === 3 ? 0.25 : 0,
  7,
];

interface Asked {
  readonly index: number;
  readonly sampleCount: number;
  readonly weights: WeightsKind;
}

/** A run's last words, of an engine whose losses and latents are known. */
async function measured(
  likelihoodSamples: number | null,
  ema: object | null,
): Promise<{ found: Record<string, number>; asked: Asked[]; kinds: WeightsKind[] }> {
  const asked: Asked[] = [];
  const kinds: WeightsKind[] = [];
  const engine = {
    negativeLogLikelihood: (sample: Floats, index: number, options: Omit<Asked, "index">) => {
      asked.push({ index, ...options });
      return Promise.resolve(Float64Array.from(sample.data, (picture) => 10 * picture));
    },
    reconstruct: ({ data }: Floats, kind: WeightsKind) => {
      kinds.push(kind);
      const latents = Float32Array.from([...data].flatMap(latentsOf));
      return Promise.resolve({ latents: Tensor.from(latents, [data.length, 4]) });
    },
  };
  const parts = {
    engine,
    options: { recipe: { validation: { likelihoodSamples }, ema, loss: { likelihood: null } } },
    data: {
      async *validation() {
        for (const batch of batches) yield await Promise.resolve(batch);
      },
    },
  };
  const found = await measureLikelihood(parts as unknown as RunLoopParts);
  return { found, asked, kinds };
}

describe("a run's likelihood", () => {
  it("is the mean over the pictures, not over the batches, of as many samples as the recipe says", async () => {
    const { found, asked } = await measured(50, null);
    expect(found["nll"]).toBe(15);
    expect(asked).toEqual([
      { index: 0, sampleCount: 50, weights: "raw" },
      { index: 1, sampleCount: 50, weights: "raw" },
    ]);
  });

  it("counts the latents whose mean varies by more than 0.01 from picture to picture, whatever that mean is", async () => {
    expect((await measured(1, null)).found["active_units"]).toBe(2);
  });

  it("is that of the averaged weights where there are some", async () => {
    const [raw, ema] = [await measured(1, null), await measured(1, { decay: 0.9 })];
    expect([raw.kinds, raw.asked.map(({ weights }) => weights)]).toEqual([
      ["raw", "raw"],
      ["raw", "raw"],
    ]);
    expect([ema.kinds, ema.asked.map(({ weights }) => weights)]).toEqual([
      ["ema", "ema"],
      ["ema", "ema"],
    ]);
  });

  it("is not looked for unless the recipe asks", async () => {
    expect(await measured(null, null)).toEqual({ found: {}, asked: [], kinds: [] });
  });
});
