import { describe, expect, test } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { PixelDistribution, type PixelDistributionFields } from "./pixel-distribution.ts";

const filled = (value: number, count: number): Tensor<"float32"> =>
  Tensor.from(new Float32Array(count).fill(value), [1, count]);

const of = (
  distribution: PixelDistributionFields["distribution"],
  mean: number,
  scale: number,
  count: number,
  more: Partial<PixelDistributionFields> = {},
): PixelDistribution =>
  new PixelDistribution({
    distribution,
    mean: filled(mean, count),
    scale: distribution === "bernoulli" ? null : filled(scale, count),
    range: "unit",
    levels: 256,
    ...more,
  });

/** The same probabilities for each value. */
const levels = (
  probabilities: readonly number[],
  count: number,
  range: "signed" | "unit",
): PixelDistribution => {
  const logs = Float32Array.from({ length: count * probabilities.length }, (_, i) =>
    Math.log(probabilities[i % probabilities.length]!),
  );
  return new PixelDistribution({
    distribution: "categorical",
    mean: filled(0, count),
    scale: null,
    logProbabilities: Tensor.from(logs, [1, count, probabilities.length]),
    range,
    levels: probabilities.length,
  });
};

const meanAndDeviation = ({ data }: Tensor): [number, number] => {
  const values = Array.from(data, Number);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance)];
};

describe("samples of p(x|z)", () => {
  const count = 40_000;
  const generator = (): Generator => Generator.torch(3);
  // Six standard errors of 40,000 draws of deviation 1.
  const within = 6 / Math.sqrt(count);

  test("are normal ones around the mean", () => {
    const [mean, deviation] = meanAndDeviation(
      of("normal", 0.5, 0.2, count).sample({ generator: generator() }),
    );
    expect([mean, deviation]).toBeAllclose([0.5, 0.2], { absolute: 0.2 * within });
  });

  test("are black or white as often as the probability says", () => {
    const sample = of("bernoulli", 0.3, 1, count).sample({ generator: generator() });
    expect(new Set(sample.data)).toEqual(new Set([0, 1]));
    expect([meanAndDeviation(sample)[0]]).toBeAllclose([0.3], { absolute: within });
  });

  test("are levels, each as often as its probability says", () => {
    const distribution = of("discretized_logistic", 0.9, 0.05, count, { levels: 11 });
    const sample = distribution.sample({ generator: generator() });
    const levels = Array.from({ length: 11 }, (_, k) => k / 10);
    const frequencies = levels.map(
      (level) => sample.data.filter((x) => Math.abs(x - level) < 1e-6).length / count,
    );
    const probabilities = levels.map((level) => {
      const one = of("discretized_logistic", 0.9, 0.05, 1, { levels: 11 });
      return Math.exp(-one.nll(filled(level, 1)).data[0]!);
    });
    expect(probabilities.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 6);
    expect(frequencies).toBeAllclose(probabilities, { absolute: within });
  });

  test("are levels of probabilities of their own", () => {
    const sample = levels([0.1, 0, 0.6, 0.3], count, "signed").sample({ generator: generator() });
    const frequencies = [-1, -1 / 3, 1 / 3, 1].map(
      (level) => sample.data.filter((x) => Math.abs(x - level) < 1e-6).length / count,
    );
    expect(frequencies).toBeAllclose([0.1, 0, 0.6, 0.3], { absolute: within });
    // No draw lies beyond the last level, where probabilities sum to less than 1 by rounding.
    expect(
      levels([0.3, 0.3], 100, "unit")
        .sample()
        .data.every((x) => x === 0 || x === 1),
    ).toBe(true);
  });

  test("repeat with the generator's seed, and differ without one", () => {
    const distribution = of("normal", 0, 1, 4);
    const drawn = distribution.sample({ generator: generator() });
    expect(drawn.equals(distribution.sample({ generator: generator() }))).toBe(true);
    expect(distribution.sample().equals(distribution.sample())).toBe(false);
  });
});

describe("-log p(x|z)", () => {
  test("is a sum over each picture's values", () => {
    const mean = Tensor.from(Float32Array.of(0, 1, 0, 0), [2, 2]);
    const fields = { distribution: "normal", mean, range: "signed", levels: null } as const;
    const distribution = new PixelDistribution({
      ...fields,
      scale: Tensor.from(new Float32Array(4).fill(1), [2, 2]),
    });
    const nll = distribution.nll(Tensor.zeros([2, 2]));
    // log √2π of each value, and half a square of distance 1.
    expect(nll).toBeAllclose(
      Tensor.from(Float32Array.of(Math.log(2 * Math.PI) + 0.5, Math.log(2 * Math.PI)), [2]),
      { absolute: 1e-6 },
    );
  });

  test("of a Bernoulli pixel is the logarithm of its probability", () => {
    expect([...of("bernoulli", 0.25, 1, 1).nll(filled(1, 1)).data]).toBeAllclose([Math.log(4)], {
      absolute: 1e-6,
    });
    expect([...of("bernoulli", 0.25, 1, 1).nll(filled(0, 1)).data]).toBeAllclose([-Math.log(0.75)], {
      absolute: 1e-6,
    });
  });

  test("of a categorical one is that of the nearest level's probability", () => {
    const distribution = levels([0.5, 0.25, 0.125, 0.125], 5, "unit");
    const x = Tensor.from(Float32Array.of(0, 0.16, 0.18, 0.7, 2), [1, 5]);
    // 0, 0, 1/3, 2/3, 1
    expect([...distribution.nll(x).data]).toBeAllclose([(1 + 1 + 2 + 3 + 3) * Math.LN2], { absolute: 1e-6 });
    expect([...distribution.bitsPerDimension(x).data]).toBeAllclose([2], { absolute: 1e-6 });
  });

  test("in bits of a normal density of one level is that of the level's probability", () => {
    // 0.3829 of a normal distribution lie within half a deviation of its mean; density times width is 0.3989, and sums to 1.
    const distribution = of("normal", 100 / 255, 1 / 255, 1);
    const probabilities = Array.from(
      { length: 256 },
      (_, k) => 2 ** -distribution.bitsPerDimension(filled(k / 255, 1)).data[0]!,
    );
    expect(probabilities.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 5);
  });

  test("is refused for pictures of another shape", () => {
    expect(() => of("normal", 0, 1, 3).nll(Tensor.zeros([1, 2]))).toThrow(
      "PixelDistribution.nll: x: expected shape [1, 3], found [1, 2].",
    );
  });
});

test("a scale of another shape than the mean is refused", () => {
  expect(() => of("normal", 0, 1, 3, { scale: filled(1, 2) })).toThrow(
    "scale: expected shape [1, 3], found [1, 2]",
  );
});

test("a categorical distribution without its probabilities is refused, and with those of other levels", () => {
  expect(() => of("categorical", 0, 1, 3, { scale: null })).toThrow("PixelDistribution: logProbabilities");
  const logProbabilities = Tensor.zeros([1, 3, 5]);
  expect(() => of("categorical", 0, 1, 3, { scale: null, logProbabilities, levels: 4 })).toThrow(
    "logProbabilities: expected shape [1, 3, 4], found [1, 3, 5].",
  );
});
