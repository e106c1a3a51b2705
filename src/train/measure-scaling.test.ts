import { describe, expect, it } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { measureScaling } from "./measure-scaling.ts";
import type { TrainingEngine } from "./training-engine.ts";
import type { WeightsKind } from "./training-plan.ts";

/** Factors of an engine that encodes batch `index` as 2 · noise + 3, and what it was asked. */
async function measured(batchSize: number, batchesPerEpoch: number, kind: WeightsKind = "raw") {
  const asked: number[] = [];
  const kinds = new Set<WeightsKind>();
  const engine = {
    reconstruct: (sample: Tensor<"float32">, weights: WeightsKind) => {
      kinds.add(weights);
      const noise = Generator.philox(sample.data[0]!).randn([batchSize, 2, 4, 4]);
      const latents = noise.data.map((value) => 2 * value + 3);
      return Promise.resolve({ latents: Tensor.from(latents, noise.shape) });
    },
  };
  const source = {
    batchesPerEpoch,
    batch: (index: number) => {
      asked.push(index);
      return Promise.resolve(Tensor.from(Float32Array.of(index), [1]));
    },
  };
  const options = { channels: 2, source, batchSize, kind };
  const factors = await measureScaling(engine as unknown as TrainingEngine, options);
  return { factors, asked, kinds };
}

describe("measureScaling", () => {
  it("takes 256 pictures in whole batches, at most an epoch", async () => {
    expect((await measured(100, Infinity)).asked).toEqual([0, 1, 2]);
    expect((await measured(128, Infinity)).asked).toEqual([0, 1]);
    expect((await measured(256, Infinity)).asked).toEqual([0]);
    expect((await measured(300, Infinity)).asked).toEqual([0]);
    expect((await measured(16, 3)).asked).toEqual([0, 1, 2]);
  });

  it("finds the factors that bring the latents to mean 0 and deviation 1, in five digits, and no others", async () => {
    const { factors, kinds } = await measured(128, Infinity, "ema");
    // 8192 numbers: the mean within 0.1, the deviation within a few per cent.
    expect(factors.scalingFactor).toBeCloseTo(1 / 2, 1);
    expect(factors.shiftFactor).toBeCloseTo(3, 0);
    for (const value of [factors.scalingFactor, factors.shiftFactor]) {
      expect(value).toBe(Number(value.toPrecision(5)));
      expect(value).not.toBe(Number(value.toPrecision(4)));
    }
    expect([factors.latentsMean, factors.latentsStd]).toEqual([null, null]);
    expect(kinds).toEqual(new Set(["ema"]));
  });
});
