import { describe, expect, it } from "vitest";
import { emaDecay, klWeight, learningRateFactor, type LearningRateSchedule } from "./index.ts";

/** The steps of the golden factors, which diffusers 0.42.1 computed with 10 warm-up steps of 100. */
const steps = [0, 1, 5, 9, 10, 11, 25, 40, 55, 70, 85, 99, 100];
const warmup = [0, 0.1, 0.5, 0.9];
const base: LearningRateSchedule = {
  type: "constant",
  totalSteps: 100,
  warmupSteps: 10,
  finalRatio: 0,
  cycles: 1,
  power: 1,
  milestones: [],
};

const golden: readonly [string, Partial<LearningRateSchedule>, readonly number[]][] = [
  ["get_constant_schedule_with_warmup", {}, [...warmup, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  [
    "get_linear_schedule_with_warmup",
    { type: "linear" },
    [
      ...warmup,
      1,
      0.9888888888888889,
      0.8333333333333334,
      0.6666666666666666,
      0.5,
      0.3333333333333333,
      0.16666666666666666,
      0.011111111111111112,
      0,
    ],
  ],
  [
    "get_linear_schedule_with_warmup(f_min=0.1)",
    { type: "linear", finalRatio: 0.1 },
    [...warmup, 1, 0.99, 0.85, 0.7, 0.55, 0.4, 0.25, 0.11, 0.1],
  ],
  [
    "get_cosine_schedule_with_warmup",
    { type: "cosine" },
    [
      ...warmup,
      1,
      0.9996954135095479,
      0.9330127018922194,
      0.75,
      0.5,
      0.2500000000000001,
      0.06698729810778065,
      0.00030458649045211894,
      0,
    ],
  ],
  [
    "get_cosine_with_hard_restarts_schedule_with_warmup(num_cycles=3)",
    { type: "cosine_with_restarts", cycles: 3 },
    [...warmup, 1, 0.9972609476841366, 0.5, 1, 0.5, 1, 0.5, 0.0027390523158632996, 0],
  ],
  [
    "get_polynomial_decay_schedule_with_warmup(lr_end=1e-5, power=2) at 1e-3",
    { type: "polynomial", finalRatio: 0.01, power: 2 },
    [
      ...warmup,
      1,
      0.9781222222222222,
      0.6975000000000001,
      0.45000000000000007,
      0.2575,
      0.12000000000000001,
      0.03749999999999999,
      0.010122222222222222,
      0.01,
    ],
  ],
  [
    'get_piecewise_constant_schedule("1:10,0.1:40,0.01:85,0.005")',
    {
      type: "piecewise",
      warmupSteps: 0,
      milestones: [
        { step: 10, factor: 0.1 },
        { step: 40, factor: 0.01 },
        { step: 85, factor: 0.005 },
      ],
    },
    [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.005, 0.005, 0.005],
  ],
];

describe("learningRateFactor", () => {
  it.each(golden)("has the numbers of diffusers' %s", (_, schedule, expected) => {
    expect(steps.map((step) => learningRateFactor({ ...base, ...schedule }, step))).toBeAllclose(expected, {
      absolute: 1e-15,
    });
  });

  it("ends the cosines at the final ratio", () => {
    for (const type of ["cosine", "cosine_with_restarts"] as const) {
      const schedule = { ...base, type, finalRatio: 0.25 };
      expect(learningRateFactor(schedule, 10)).toBe(1);
      expect(learningRateFactor(schedule, 55)).toBeCloseTo(0.625, 15);
      expect(learningRateFactor(schedule, 100)).toBe(0.25);
    }
  });

  it("stays as it was at the end", () => {
    for (const type of ["linear", "cosine", "cosine_with_restarts", "polynomial"] as const) {
      expect(learningRateFactor({ ...base, type, finalRatio: 0.25, power: 2 }, 150)).toBe(0.25);
    }
  });

  it("warms up before the milestones, too", () => {
    const schedule = { ...base, type: "piecewise" as const, milestones: [{ step: 5, factor: 0.5 }] };
    expect([4, 5, 10].map((step) => learningRateFactor(schedule, step))).toEqual([0.4, 0.5, 0.5]);
  });

  it("is finite when the whole run is a warm-up", () => {
    for (const type of ["linear", "cosine", "cosine_with_restarts", "polynomial"] as const) {
      const schedule = { ...base, type, warmupSteps: 100 };
      expect([99, 100].map((step) => learningRateFactor(schedule, step))).toEqual([0.99, 1]);
    }
  });
});

describe("klWeight", () => {
  const schedule = { weight: 2, annealing: "constant", startStep: 10, steps: 64, cycles: 4 } as const;

  it("is 0 before its start and full after its end", () => {
    for (const annealing of ["constant", "linear", "sigmoid", "cyclic"] as const) {
      expect(klWeight({ ...schedule, annealing }, 9)).toBe(0);
      expect(klWeight({ ...schedule, annealing }, 74)).toBe(2);
    }
    expect(klWeight(schedule, 10)).toBe(2);
  });

  it("grows evenly when linear", () => {
    expect([10, 26, 42, 73].map((step) => klWeight({ ...schedule, annealing: "linear" }, step))).toEqual([
      0, 0.5, 1, 1.96875,
    ]);
  });

  it("has the numbers of frange_cycle_linear, the code of arXiv 1903.10145", () => {
    const cyclic = { ...schedule, annealing: "cyclic", weight: 1, startStep: 0 } as const;
    const at = [0, 1, 4, 7, 8, 12, 15, 16, 17, 32, 47, 48, 63];
    expect(at.map((step) => klWeight(cyclic, step))).toEqual([
      0, 0.125, 0.5, 0.875, 1, 1, 1, 0, 0.125, 0, 1, 0, 1,
    ]);
  });

  it("has the sigmoid of frange_cycle_sigmoid", () => {
    const sigmoid = { ...schedule, annealing: "sigmoid", weight: 1, startStep: 0, steps: 32 } as const;
    expect([0, 1, 8, 16, 31].map((step) => klWeight(sigmoid, step))).toBeAllclose(
      [0.0024726231566347743, 0.00359360258142009, 0.04742587317756678, 0.5, 0.9964063974185798],
      { absolute: 1e-15 },
    );
  });
});

describe("emaDecay", () => {
  /** EMAModel.get_decay(optimization_step) of diffusers 0.42.1. */
  const updates = [1, 2, 3, 10, 100, 1000, 100_000, 1_000_000];

  it.each([
    [
      "EMAModel()",
      { decay: 0.9999, warmup: "ratio" },
      [
        0, 0.18181818181818182, 0.25, 0.5263157894736842, 0.9174311926605505, 0.9910802775024777, 0.9999,
        0.9999,
      ],
    ],
    [
      "EMAModel(use_ema_warmup=True)",
      { decay: 0.9999, warmup: "power" },
      [
        0, 0.3700394750525634, 0.5192501432308638, 0.7845565309968117, 0.9535841116638722, 0.99,
        0.9995358411166387, 0.9999,
      ],
    ],
    [
      "EMAModel(decay=0.9)",
      { decay: 0.9, warmup: "ratio" },
      [0, 0.18181818181818182, 0.25, 0.5263157894736842, 0.9, 0.9, 0.9, 0.9],
    ],
  ] as const)("has the numbers of diffusers' %s", (_, schedule, expected) => {
    expect(updates.map((update) => emaDecay(schedule, update))).toBeAllclose(expected, { absolute: 1e-15 });
  });

  it("is constant without a warm-up", () => {
    expect(updates.map((update) => emaDecay({ decay: 0.9, warmup: "none" }, update))).toEqual(
      updates.map(() => 0.9),
    );
  });
});

describe("a schedule's numbers", () => {
  const rate = (changes: object, step = 1) => learningRateFactor({ ...base, ...changes }, step);
  const weight = (changes: object, step = 1) =>
    klWeight({ weight: 1, annealing: "linear", startStep: 0, steps: 4, cycles: 1, ...changes }, step);
  const decay = (changes: object, update = 1) => emaDecay({ decay: 0.5, warmup: "none", ...changes }, update);

  it.each<[string, () => unknown]>([
    ["totalSteps", () => rate({ totalSteps: -1 })],
    ["warmupSteps", () => rate({ warmupSteps: 0.5 })],
    ["finalRatio", () => rate({ finalRatio: 1.1 })],
    ["finalRatio", () => rate({ finalRatio: -0.1 })],
    ["cycles", () => rate({ cycles: 0 })],
    ["power", () => rate({ power: 0 })],
    ["type", () => rate({ type: "step" })],
    ["milestones", () => rate({ milestones: [{ step: 1 }] })],
    ["milestones", () => rate({ milestones: [{ step: 1, factor: NaN }] })],
    ["step", () => rate({}, -1)],
    ["weight", () => weight({ weight: -1 })],
    ["weight", () => weight({ weight: Infinity })],
    ["annealing", () => weight({ annealing: "square" })],
    ["startStep", () => weight({ startStep: -1 })],
    ["steps", () => weight({ steps: -1 })],
    ["cycles", () => weight({ cycles: 0 })],
    ["step", () => weight({}, 0.5)],
    ["decay", () => decay({ decay: 1.1 })],
    ["decay", () => decay({ decay: -0.1 })],
    ["warmup", () => decay({ warmup: "linear" })],
    ["update", () => decay({}, 0)],
  ])("%s are refused beyond their limits", (name, call) => {
    expect(call).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(name) as string }),
    );
  });

  it("may lie at their limits", () => {
    expect(rate({ type: "linear", totalSteps: 0, warmupSteps: 0, finalRatio: 1 }, 0)).toBe(1);
    expect(rate({ type: "linear", totalSteps: 0, warmupSteps: 0 }, 5)).toBe(0);
    expect(rate({ finalRatio: 0, cycles: 1, power: 1e-9 }, 10)).toBe(1);
    expect(weight({ weight: 0, steps: 0 }, 0)).toBe(0);
    expect(weight({ steps: 0 }, 0)).toBe(1);
    expect([decay({ decay: 0 }), decay({ decay: 1 })]).toEqual([0, 1]);
  });
});
