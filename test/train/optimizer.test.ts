/** Adam, AdamW, clipping and averaging as graphs, against the papers' formulas in double. */
import { afterAll, describe, expect, test } from "vitest";
import { NodeRuntime, Tensor } from "../../src/node/index.ts";
import {
  adam,
  adamScalars,
  clipFactor,
  euclideanNorm,
  movingAverage,
  type AdamOptions,
} from "../../src/train/optimizer.ts";
import { runGraph } from "./run-graph.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const vector = (...values: number[]): Tensor<"float32"> =>
  Tensor.from(Float32Array.from(values), [values.length]);
const scalar = (value: number): Tensor<"float32"> => Tensor.from(Float32Array.of(value), []);

/** Gradients of three updates; the third parameter never has one. */
const gradients = [
  [1, -0.25, 0],
  [0.5, 0.25, 0],
  [-2, 0.125, 0],
];
const start = [1, -2, 3];
const learningRate = 0.1;

/** Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2. */
function reference({ type, betas: [b1, b2], epsilon, weightDecay }: AdamOptions): number[] {
  return start.map((first, i) => {
    let [theta, m, v] = [first, 0, 0];
    gradients.forEach((step, index) => {
      const t = index + 1;
      const g = step[i]! + (type === "adam" ? weightDecay * theta : 0);
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      const [mHat, vHat] = [m / (1 - b1 ** t), v / (1 - b2 ** t)];
      const decay = type === "adamw" ? learningRate * weightDecay * theta : 0;
      theta -= (learningRate * mHat) / (Math.sqrt(vHat) + epsilon) + decay;
    });
    return theta;
  });
}

async function found(options: AdamOptions): Promise<Tensor> {
  let state = { theta: vector(...start), m: vector(0, 0, 0), v: vector(0, 0, 0) };
  for (const [index, gradient] of gradients.entries()) {
    const numbers = adamScalars(options, learningRate, index + 1);
    const scalars = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, scalar(value)]));
    const inputs = { ...state, ...scalars, gradient: vector(...gradient) };
    const outputs = await runGraph(runtime, inputs, (builder, values) => {
      const { theta, m, v, learningRate, stepSize, secondCorrection } = values;
      const next = adam(
        builder,
        { parameters: theta!, firstMoment: m!, secondMoment: v! },
        values["gradient"]!,
        { learningRate: learningRate!, stepSize: stepSize!, secondCorrection: secondCorrection! },
        options,
      );
      return { next_theta: next.parameters, next_m: next.firstMoment, next_v: next.secondMoment };
    });
    const { next_theta, next_m, next_v } = outputs as Record<string, Tensor<"float32">>;
    state = { theta: next_theta!, m: next_m!, v: next_v! };
  }
  return state.theta;
}

describe("three updates are the formula's", () => {
  const betas = [0.5, 0.75] as const;
  // An epsilon as large as the gradients: its place shows.
  const cases: AdamOptions[] = [
    { type: "adam", betas, epsilon: 1e-8, weightDecay: 0 },
    { type: "adam", betas, epsilon: 0.5, weightDecay: 0 },
    { type: "adam", betas, epsilon: 0.5, weightDecay: 0.5 },
    { type: "adamw", betas, epsilon: 1e-8, weightDecay: 0 },
    { type: "adamw", betas, epsilon: 0.5, weightDecay: 0.5 },
  ];
  test.each(cases)("$type with epsilon $epsilon and a decay of $weightDecay", async (options) => {
    // Ten float32 operations on numbers of about 1.
    expect(await found(options)).toBeAllclose(vector(...reference(options)), { absolute: 2e-6 });
  });

  test("and a decay of AdamW moves what has no gradient, by the learning rate's share alone", async () => {
    const [, , still] = (await found({ type: "adamw", betas, epsilon: 1e-8, weightDecay: 0.5 })).toFloat32()
      .data;
    expect(still).toBeCloseTo(3 * (1 - 0.1 * 0.5) ** 3, 5);
    const [, , kept] = (await found({ type: "adamw", betas, epsilon: 1e-8, weightDecay: 0 })).toFloat32()
      .data;
    expect(kept).toBe(3);
  });
});

describe("clipping", () => {
  const factorAt = async (norm: number, maxNorm: number): Promise<number> => {
    const { factor } = await runGraph(runtime, { norm: scalar(norm) }, (builder, { norm: value }) => ({
      factor: clipFactor(builder, value!, maxNorm),
    }));
    return factor!.toFloat32().data[0]!;
  };

  test("leaves a gradient up to the norm as it is, and shortens a longer one to it", async () => {
    expect(await factorAt(1, 2)).toBe(1);
    expect(await factorAt(0, 2)).toBe(1);
    expect(await factorAt(8, 2)).toBeCloseTo(0.25, 6);
    // PyTorch's 1e-6 beside the norm: a tiny one is not blown up.
    expect(await factorAt(1e-6, 1e-6)).toBeCloseTo(0.5, 5);
  });

  test("knows the norm of all pieces together", async () => {
    const inputs = { a: vector(3, 0), b: Tensor.from(Float32Array.of(4, 0, 0, 12), [2, 2]) };
    const { norm } = await runGraph(runtime, inputs, (builder, { a, b }) => ({
      norm: euclideanNorm(builder, [a!, b!]),
    }));
    expect(norm!.shape).toEqual([]);
    expect(norm!.toFloat32().data[0]).toBe(13);
  });
});

test("the moving average goes towards the weights by the rate", async () => {
  const inputs = { shadow: vector(1, 2), weights: vector(3, -2), rate: scalar(0.25) };
  const { average } = await runGraph(runtime, inputs, (builder, { shadow, weights, rate }) => ({
    average: movingAverage(builder, shadow!, weights!, rate!),
  }));
  expect(average).toBeAllclose(vector(1.5, 1), { absolute: 1e-7 });
});
