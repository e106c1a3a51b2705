/** Every limit of a recipe's numbers and lists, with its neighbour. */
import { describe, expect, it } from "vitest";
import { data, mlp, refusal, type Section } from "../../test/recipe/refusal.ts";
import { applyOverrides } from "./index.ts";

const largest = Number.MAX_SAFE_INTEGER;

/** A key, and the smallest and the largest value that it takes. */
const whole: readonly (readonly [string, number, number, Section?])[] = [
  ["steps", 1, largest],
  ["epochs", 1, largest],
  ["seed", 0, largest],
  ["batch_size", 1, 65_536],
  ["accumulate", 1, 1_000_000],
  ["schedule.warmup_steps", 0, largest, { steps: largest }],
  ["schedule.cycles", 1, largest, { schedule: { type: "cosine_with_restarts" } }],
  ["loss.kl.start_step", 0, largest],
  ["loss.kl.steps", 0, largest],
  ["loss.kl.cycles", 1, largest],
  ["loss.adversarial.start_step", 0, largest, { loss: { adversarial: { weight: 1 } } }],
  ["loss.adversarial.layers", 1, 8, { loss: { adversarial: { weight: 1 } } }],
  ["loss.adversarial.channels", 1, 4096, { loss: { adversarial: { weight: 1 } } }],
  ["data.validation_count", 0, largest],
  ["data.workers", 1, 256],
  ["data.cache_megabytes", 0, 1_000_000],
  ["validation.every", 1, largest],
  ["validation.images", 1, largest],
  ["validation.batch_size", 1, 65_536],
  ["checkpoints.every", 1, largest],
  ["checkpoints.keep", 1, largest],
  ["samples.every", 1, largest],
  ["samples.count", 1, 1024],
  ["log.every", 1, largest],
  ["data.resolution", 4, 16_384],
  ["data.short_side", 64, 16_384],
  ["validation.resolution", 4, 16_384],
];

const wholeOfMlp: readonly (readonly [string, number, number, Section?])[] = [
  ["model.latent_size", 1, 100_000],
  ["loss.importance.samples", 1, 100_000],
  ["validation.likelihood_samples", 1, 1_000_000],
];

describe("a whole number", () => {
  const all = [
    ...whole.map(([key, least, most, more = {}]) => [key, least, most, { data, ...more }] as const),
    ...wholeOfMlp.map(([key, least, most]) => [key, least, most, mlp as Section] as const),
  ];
  it.each(all)("%s is from %d to %d", (key, least, most, source) => {
    const start = key === "epochs" ? applyOverrides(source, ["steps=null"]) : source;
    for (const value of [least, most]) expect(refusal(start, `${key}=${value}`)).toBeUndefined();
    const step = key.endsWith("resolution") || key.endsWith("short_side") ? least : 1;
    expect(refusal(start, `${key}=${least - step}`)).toContain(`${key}: expected`);
    if (most < largest) expect(refusal(start, `${key}=${most + 1}`)).toContain(`${key}: expected`);
    for (const value of ["1.5", '"1"', "true", "[]"]) {
      expect(refusal(start, `${key}=${value}`)).toContain(`${key}: expected`);
    }
  });
});

/** A key, a value at its limit, and the one beyond. */
const numbers: readonly (readonly [string, string, string, Section?])[] = [
  ["optimizer.learning_rate", "1e-300", "0"],
  ["optimizer.epsilon", "1e-300", "0"],
  ["optimizer.weight_decay", "0", "-1e-300"],
  ["optimizer.clip_norm", "1e-300", "0"],
  ["optimizer.betas", "[0, 0.9999]", "[0, 1]"],
  ["optimizer.betas", "[0, 0]", "[-0.1, 0]"],
  ["optimizer.betas", "[0.5, 0.5]", "[0.5, 0.5, 0.5]"],
  ["schedule.final_ratio", "1", "1.1", { schedule: { type: "linear" } }],
  ["schedule.final_ratio", "0", "-0.1", { schedule: { type: "linear" } }],
  ["schedule.power", "1e-300", "0", { schedule: { type: "polynomial" } }],
  ["ema.decay", "0", "-0.1"],
  ["ema.decay", "0.99999", "1"],
  ["loss.kl.weight", "0", "-1e-300"],
  ["loss.kl.free_bits", "0", "-1e-300"],
  ["loss.reconstruction", "{mse: 1, l1: 0}", "{mse: 1, l1: -1}"],
  ["loss.adversarial.weight", "1e-300", "0"],
  ["loss.adversarial.factor", "0", "-1", { loss: { adversarial: { weight: 1 } } }],
  ["loss.adversarial.learning_rate", "1e-300", "0", { loss: { adversarial: { weight: 1 } } }],
  ["loss.perceptual.weight", "0", "-1", { loss: { perceptual: { weights: "x" } } }],
  ["loss.distillation.latent_weight", "0", "-1", { loss: { distillation: { teacher: "x" } } }],
];

describe("a number", () => {
  const all = numbers.map(([key, taken, refused, more = {}]) => [key, taken, refused, more] as const);
  it.each(all)("%s may be %s, not %s", (key, taken, refused, more) => {
    expect(refusal({ data, ...more }, `${key}=${taken}`)).toBeUndefined();
    expect(refusal({ data, ...more }, `${key}=${refused}`)).toContain(key);
    expect(refusal({ data, ...more }, `${key}=.inf`)).toContain(key);
  });
});

describe("a list", () => {
  const patterns = (length: number, size = 1): Section => ({
    data,
    model: { pretrained: "vae", trainable: Array<string>(length).fill("a".repeat(size)) },
  });
  it("of patterns has 1 to 1000, of 1 to 200 characters", () => {
    expect(refusal(patterns(1, 200))).toBeUndefined();
    expect(refusal(patterns(1000))).toBeUndefined();
    expect(refusal(patterns(0))).toContain("model.trainable: expected a list that is not empty");
    expect(refusal(patterns(1001))).toContain("model.trainable: expected");
    expect(refusal(patterns(1, 0))).toContain("model.trainable.0: expected");
    expect(refusal(patterns(1, 201))).toContain("model.trainable.0: expected");
  });

  it("of phases has at most 100, of milestones 1000, of hidden layers 1 to 64", () => {
    const phases = (count: number): Section => ({
      data,
      phases: Array.from({ length: count }, (_, i) => ({ step: i + 1, resolution: 64, batch_size: 1 })),
    });
    expect(refusal(phases(100))).toBeUndefined();
    expect(refusal(phases(101))).toContain("phases: expected");
    const milestones = (count: number): Section => ({
      data,
      schedule: {
        type: "piecewise",
        milestones: Array.from({ length: count }, (_, i) => ({ step: i + 1, factor: 0 })),
      },
    });
    expect(refusal(milestones(1000))).toBeUndefined();
    expect(refusal(milestones(1001))).toContain("schedule.milestones: expected");
    const hidden = (count: number, size = 1): Section => ({
      ...mlp,
      model: { type: "mlp", hidden_sizes: Array<number>(count).fill(size) },
    });
    expect(refusal(hidden(64, 100_000))).toBeUndefined();
    expect(refusal(hidden(0))).toContain("model.hidden_sizes: expected");
    expect(refusal(hidden(65))).toContain("model.hidden_sizes: expected");
    expect(refusal(hidden(1, 100_001))).toContain("model.hidden_sizes.0: expected");
  });

  it("of phases and milestones ascends, each with numbers of its own", () => {
    const phase = (step: number, rest: Section = {}): Section => ({
      step,
      resolution: 64,
      batch_size: 1,
      ...rest,
    });
    expect(refusal({ data, phases: [phase(2), phase(2)] })).toContain(
      "phases.1.step: expected steps in ascending",
    );
    expect(refusal({ data, phases: [phase(2), phase(3)] })).toBeUndefined();
    expect(refusal({ data, phases: [phase(0)] })).toContain("phases.0.step: expected");
    expect(refusal({ data, phases: [phase(1, { batch_size: 65_537 })] })).toContain("phases.0.batch_size");
    expect(refusal({ data, phases: [phase(1, { resolution: 66 })] })).toContain(
      "phases.0.resolution: expected a multiple of the model's spatial factor 4, found 66; write 64 or 68.",
    );
    const side = { data: { ...data, short_side: 64 } };
    expect(refusal({ ...side, phases: [phase(1)] })).toBeUndefined();
    expect(refusal({ ...side, phases: [phase(1, { resolution: 68 })] })).toContain(
      "phases.0.resolution: expected at most data.short_side 64, found 68.",
    );
    expect(refusal({ ...mlp, phases: [phase(1)] })).toContain(
      "phases: the pictures of data.type mnist have one size; remove it.",
    );
    const milestones = (...steps: number[]): Section => ({
      data,
      schedule: { type: "piecewise", milestones: steps.map((step) => ({ step, factor: 1 })) },
    });
    expect(refusal(milestones(1, 2))).toBeUndefined();
    expect(refusal(milestones(2, 2))).toContain(
      "schedule.milestones: expected steps in ascending order, found 2",
    );
    expect(refusal(milestones(0))).toContain("schedule.milestones.0.step: expected");
  });
});
