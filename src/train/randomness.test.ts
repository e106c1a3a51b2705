import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { Generator } from "../random/index.ts";
import { philoxRandomness, randomnessOf, torchRandomness, type TrainingRandomness } from "./randomness.ts";

test("a batch's noise follows from its number, in whatever order batches come", async () => {
  const randomness = philoxRandomness(7);
  const questions: [index: number, shape: number[]][] = [
    [4, [2, 3]],
    [5, [2, 3]],
    [6, [1, 3]],
    [6, [2, 3]],
    [4, [2, 3]],
  ];
  for (const [index, shape] of questions) {
    expect(randomness.noise(index, shape)).toEqual(philoxRandomness(7).noise(index, shape));
    await wait(1); // the next batch's may be drawn meanwhile
  }
});

test("a recipe's randomness is its generator's, of its seed", () => {
  const shape = [2, 2];
  const noise = (randomness: TrainingRandomness): unknown => randomness.noise(0, shape);
  expect(noise(randomnessOf({ randomness: "philox", seed: 3 }))).toEqual(noise(philoxRandomness(3)));
  expect(noise(randomnessOf({ randomness: "torch", seed: 3 }))).toEqual(noise(torchRandomness(3)));
  expect(noise(philoxRandomness(3))).not.toEqual(noise(philoxRandomness(4)));
  expect(noise(philoxRandomness(3))).not.toEqual(noise(torchRandomness(3)));
  // Both draw their weights as PyTorch does after manual_seed.
  for (const randomness of [philoxRandomness(3), torchRandomness(3)]) {
    expect(randomness.initialization.randn(shape)).toEqual(Generator.torch(3).randn(shape));
  }
});

test("numbered draws of one purpose meet none of another, nor of another number", () => {
  const philox = philoxRandomness(7);
  const shape = [4];
  const drawn = [
    philox.noise(0, shape),
    philox.noise(1, shape),
    philox.validationNoise(0, 0, shape),
    philox.validationNoise(1, 0, shape),
    philox.validationNoise(0, 1, shape),
    philox.likelihoodNoise(0, 0, shape),
    philox.likelihoodNoise(1, 0, shape),
    philox.likelihoodNoise(0, 1, shape),
  ].map(({ data }) => data.join());
  expect(new Set(drawn).size).toBe(drawn.length);
  expect(philox.validationNoise(1, 2, shape)).toEqual(philoxRandomness(7).validationNoise(1, 2, shape));
});

test("never change: a run that is resumed in ten years draws the same noise", () => {
  const philox = philoxRandomness(0);
  const first = [
    philox.noise(3, [1]),
    philox.validationNoise(3, 2, [1]),
    philox.likelihoodNoise(3, 2, [1]),
  ].map(({ data }) => data[0]);
  expect(first).toEqual([-0.28995078802108765, -0.8845265507698059, -0.5640506744384766]);
});

test("Philox draws no order and has no state", () => {
  const randomness = philoxRandomness(0);
  expect(randomness.order).toBeUndefined();
  expect(randomness.state()).toEqual({ generator: "", epoch: -1, order: [] });
  randomness.restore(randomness.state());
});

test("PyTorch's sequence is one: weights, an order for each epoch, noise, and the validation's in between", () => {
  const randomness = torchRandomness(5);
  const torch = Generator.torch(5);
  expect(randomness.initialization.randn([3])).toEqual(torch.randn([3]));
  expect(randomness.order!(0, 4)).toEqual(Array.from(torch.randperm(4).data, Number));
  expect(randomness.noise(0, [2])).toEqual(torch.randn([2]));
  // Asked for again within its epoch, it is not drawn again.
  const order = randomness.order!(0, 4);
  expect(randomness.validationNoise(9, 9, [2])).toEqual(torch.randn([2]));
  // A likelihood draws beside it.
  expect(randomness.likelihoodNoise(1, 2, [2])).toEqual(philoxRandomness(5).likelihoodNoise(1, 2, [2]));
  expect(randomness.order!(1, 4)).toEqual(Array.from(torch.randperm(4).data, Number));
  expect(order).toHaveLength(4);
});

test("PyTorch's sequence goes on from its state, in the middle of an epoch", () => {
  const whole = torchRandomness(5);
  whole.order!(3, 6);
  whole.noise(0, [3]);
  const state = JSON.parse(JSON.stringify(whole.state())) as ReturnType<typeof whole.state>;
  const resumed = torchRandomness(0);
  resumed.restore(state);
  expect(resumed.order!(3, 6)).toEqual(whole.order!(3, 6));
  expect(resumed.noise(1, [3])).toEqual(whole.noise(1, [3]));
  expect(resumed.order!(4, 6)).toEqual(whole.order!(4, 6));
  expect(() => {
    resumed.restore({ ...state, generator: "*" });
  }).toThrow(
    expect.objectContaining({
      code: "INVALID_FILE",
      message: "The generator's state in the checkpoint is damaged.",
    }),
  );
});
