/** Every default of a recipe, and every limit with its neighbour. */
import { describe, expect, it } from "vitest";
import { applyOverrides, formatRecipe, parseRecipe } from "./index.ts";

type Section = Readonly<Record<string, unknown>>;

const data = { path: "photos" };
const formatted = (recipe: Section): Section => formatRecipe(parseRecipe(recipe));

/** What every recipe has beside its model, its data and its loss. */
const run = {
  optimizer: {
    type: "adamw",
    learning_rate: 1e-4,
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weight_decay: 0.01,
    clip_norm: null,
  },
  schedule: { type: "constant", warmup_steps: 0, final_ratio: 0, cycles: 1, power: 1, milestones: [] },
  ema: null,
  batch_size: 8,
  phases: [],
  accumulate: 1,
  steps: 10_000,
  epochs: null,
  seed: 0,
  randomness: "philox",
  recompute: false,
  validation: { every: 500, images: 16, resolution: null, batch_size: null, likelihood_samples: null },
  checkpoints: { every: 500, keep: 3 },
  samples: { every: 500, count: 8 },
  log: { every: 10 },
};

const loss = {
  reconstruction: { mse: 1 },
  reduction: "mean",
  learn_logvar: false,
  kl: { weight: 1e-6, annealing: "constant", start_step: 0, steps: 0, cycles: 4, free_bits: 0 },
  perceptual: null,
  adversarial: null,
  importance: null,
  distillation: null,
};

const pictures = {
  path: "photos",
  validation_path: null,
  validation_count: 0,
  range: "signed",
  keep_last: false,
  resolution: 64,
  short_side: null,
  crop: "random",
  flip: true,
  channels: 3,
  workers: 2,
  cache_megabytes: 512,
};

describe("the defaults of a recipe", () => {
  it("for pictures are these", () => {
    const { model, ...rest } = formatted({ data });
    expect(rest).toEqual({ ...run, loss, data: { type: "images", ...pictures } });
    const { config, ...section } = model as { config: Section };
    expect(section).toEqual({
      type: "autoencoder_kl",
      pretrained: null,
      subfolder: null,
      variant: null,
      as: null,
      initialization: "pytorch",
      trainable: ["*"],
      calibrate: true,
      save_dtype: "float32",
    });
    expect(config).toMatchObject({
      in_channels: 3,
      out_channels: 3,
      block_out_channels: [32, 64, 128],
      down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
      up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
      layers_per_block: 1,
      latent_channels: 8,
      norm_num_groups: 8,
      mid_block_add_attention: false,
      use_quant_conv: false,
      use_post_quant_conv: false,
      sample_size: 64,
      act_fn: "silu",
    });
  });

  it("for an mlp are those of pytorch/examples, section by section", () => {
    expect(formatted({ model: { type: "mlp" }, data: { path: "digits" } })).toEqual({
      ...run,
      model: {
        type: "mlp",
        input_size: 784,
        hidden_sizes: [400],
        latent_size: 20,
        activation: "relu",
        sigma: "logvar",
        initialization: "pytorch",
      },
      data: {
        type: "mnist",
        path: "digits",
        validation_path: null,
        validation_count: 0,
        range: "unit",
        keep_last: false,
        binarize: false,
      },
      loss: { ...loss, reconstruction: { bce: 1 }, reduction: "ldm", kl: { ...loss.kl, weight: 1 } },
    });
    const own = formatted({
      model: { type: "mlp" },
      data: { path: "digits", range: "signed" },
      loss: { reconstruction: "mse", kl: { free_bits: 1 } },
    });
    expect(own).toMatchObject({
      data: { range: "signed" },
      loss: { reconstruction: { mse: 1 }, reduction: "ldm", kl: { weight: 1, free_bits: 1 } },
    });
  });

  it("for lists and tensors are these", () => {
    expect(formatted({ data: { type: "list", ...data } })["data"]).toEqual({ type: "list", ...pictures });
    expect(formatted({ data: { type: "tensors" } })["data"]).toEqual({
      type: "tensors",
      channels: 3,
      height: 64,
      width: 64,
      range: "signed",
      keep_last: false,
    });
  });

  it("of sections that a recipe opens are these", () => {
    expect(formatted({ data, ema: {} })["ema"]).toEqual({ decay: 0.9999, warmup: "ratio" });
    const terms = {
      adversarial: { weight: 0.5 },
      perceptual: { weights: "lpips.safetensors" },
      distillation: { teacher: "vae" },
    };
    expect(formatted({ data, loss: terms })["loss"]).toMatchObject({
      adversarial: {
        weight: 0.5,
        start_step: 0,
        loss: "hinge",
        norm: "group",
        layers: 3,
        channels: 64,
        learning_rate: null,
        factor: 1,
      },
      perceptual: { weights: "lpips.safetensors", weight: 1 },
      distillation: { teacher: "vae", latent_weight: 1 },
    });
    const bound = { model: { type: "mlp" }, data, loss: { importance: { samples: 5 } } };
    expect(formatted(bound)["loss"]).toMatchObject({ importance: { samples: 5, bound: "iwae" } });
  });

  it("of a weight decay depend on the optimizer, and give way to the recipe's own", () => {
    const decay = (optimizer: Section): unknown =>
      (formatted({ data, optimizer })["optimizer"] as Section)["weight_decay"];
    expect(decay({ type: "adam" })).toBe(0);
    expect(decay({ type: "adamw", weight_decay: null })).toBe(0.01);
    expect(decay({ type: "adamw", weight_decay: 0 })).toBe(0);
    expect(decay({ type: "adam", weight_decay: 0.5 })).toBe(0.5);
  });

  it("of the length give way to steps and to epochs", () => {
    const length = (given: Section): unknown[] => {
      const { steps, epochs } = formatted({ data, ...given });
      return [steps, epochs];
    };
    expect(length({})).toEqual([10_000, null]);
    expect(length({ steps: null, epochs: null })).toEqual([10_000, null]);
    expect(length({ epochs: 3 })).toEqual([null, 3]);
    expect(length({ epochs: 3, steps: null })).toEqual([null, 3]);
    expect(length({ steps: 7 })).toEqual([7, null]);
  });

  it("of a model follow its data", () => {
    const config = (recipe: Section): Section => (formatted(recipe)["model"] as { config: Section }).config;
    const tensors = { type: "tensors", channels: 1, height: 16, width: 32 };
    expect(config({ data: tensors })).toMatchObject({ in_channels: 1, out_channels: 1, sample_size: 32 });
    expect(config({ data: { type: "mnist", path: "m" } })).toMatchObject({ in_channels: 1, sample_size: 28 });
    expect(config({ data: { ...data, channels: 1, resolution: 32 } })).toMatchObject({
      in_channels: 1,
      sample_size: 32,
    });
    // One plain block for each level, whatever levels diffusers' default has.
    const levels = config({ data, model: { config: { norm_num_groups: 32 } } });
    expect(levels["down_block_types"]).toEqual(["DownEncoderBlock2D"]);
    const own = { model: { config: { block_out_channels: [32, 32], sample_size: 8, act_fn: "relu" } } };
    expect(config({ data, ...own })).toMatchObject({ sample_size: 8, act_fn: "relu" });
  });
});

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
const mlp = { model: { type: "mlp" }, data: { path: "digits" } };
const wholeOfMlp: readonly (readonly [string, number, number, Section?])[] = [
  ["model.latent_size", 1, 100_000],
  ["loss.importance.samples", 1, 100_000],
  ["validation.likelihood_samples", 1, 1_000_000],
];

/** Whether a recipe takes these values, or what it says of them. */
function refusal(source: Section, ...overrides: string[]): string | undefined {
  try {
    parseRecipe(applyOverrides(source, overrides));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

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

describe("a key that only some schedules read", () => {
  const types = ["constant", "linear", "cosine", "cosine_with_restarts", "polynomial", "piecewise"];
  it.each([
    ["final_ratio", 0.5, ["linear", "cosine", "cosine_with_restarts", "polynomial"]],
    ["cycles", 2, ["cosine_with_restarts"]],
    ["power", 2, ["polynomial"]],
    ["milestones", [{ step: 1, factor: 0.5 }], ["piecewise"]],
  ] as const)("%s is refused by the others", (key, value, readers) => {
    const own = [{ step: 1, factor: 0.5 }];
    const takes = types.filter((type) => {
      const schedule = { type, ...(type === "piecewise" ? { milestones: own } : {}), [key]: value };
      const message = refusal({ data, schedule });
      if (message !== undefined) {
        expect(message).toContain(
          `schedule.${key}: type ${type} does not read it (${readers.join(", ")} does)`,
        );
      }
      return message === undefined;
    });
    expect(takes).toEqual(readers);
  });
});

describe("what contradicts itself", () => {
  const model = { config: { block_out_channels: [32, 32] } };
  it.each<[string, Section, string | undefined]>([
    ["a warm-up as long as the run", { data, steps: 5, schedule: { warmup_steps: 5 } }, undefined],
    ["a short side of the resolution", { data: { ...data, short_side: 64 } }, undefined],
    ["an annealing with a length", { data, loss: { kl: { annealing: "cyclic", steps: 1 } } }, undefined],
    [
      "an annealing without one",
      { data, steps: 2, loss: { kl: { annealing: "cyclic" } } },
      "loss.kl.steps: expected the length of the cyclic annealing, found 0; write e.g. 1.",
    ],
    [
      "an annealing of a long run",
      { data, steps: 400, loss: { kl: { annealing: "linear" } } },
      "found 0; write e.g. 100.",
    ],
    [
      "bce beside mse",
      { data: { ...data, range: "unit" }, loss: { reconstruction: { bce: 1, mse: 1 } } },
      "loss.reconstruction: bce compares logits, mse compares pixels",
    ],
    ["bce of weight 0 beside mse", { data, loss: { reconstruction: { bce: 0, mse: 1 } } }, undefined],
    [
      "a subfolder of nothing",
      { data, model: { ...model, subfolder: "vae" } },
      "model.subfolder: has no meaning",
    ],
    ["a variant of nothing", { data, model: { ...model, variant: "fp16" } }, "model.variant: has no meaning"],
    ["a family of nothing", { data, model: { ...model, as: "sdxl" } }, "model.as: has no meaning without"],
    [
      "a subfolder of something",
      { data, model: { pretrained: "a", subfolder: "vae", variant: "fp16", as: null } },
      undefined,
    ],
    [
      "an initialisation of what is trained already",
      { data, model: { pretrained: "a", initialization: "principal_components" } },
      "model.initialization: a pretrained model is not initialized",
    ],
    [
      "channels out that the data lack",
      { data, model: { config: { out_channels: 1 } } },
      "model.config.out_channels: expected the data's 3 channels, found 1; leave it out.",
    ],
    [
      "a width that the model cannot halve",
      { data: { type: "tensors", height: 8, width: 6 } },
      "model.config.block_out_channels: expected levels whose factor divides the pictures' 8 x 6 pixels, found 4.",
    ],
    [
      "latents of a likelihood without a likelihood",
      { ...mlp, loss: { reconstruction: { bce: 2 } }, validation: { likelihood_samples: 5 } },
      "validation.likelihood_samples: only an mlp with loss.reconstruction bce",
    ],
    [
      "an adversary of an mlp",
      { ...mlp, loss: { adversarial: { weight: 1 } } },
      "loss.adversarial: an mlp has no such term",
    ],
    [
      "a teacher of an mlp",
      { ...mlp, loss: { distillation: { teacher: "a" } } },
      "loss.distillation: an mlp has no such term",
    ],
    [
      "a bound and an annealing",
      { ...mlp, loss: { importance: { samples: 2 }, kl: { annealing: "linear", steps: 2 } } },
      "loss.kl: loss.importance holds its KL",
    ],
    [
      "a bound and a late KL",
      { ...mlp, loss: { importance: { samples: 2 }, kl: { start_step: 1 } } },
      "loss.kl: loss.importance holds its KL",
    ],
    [
      "a bound and free bits",
      { ...mlp, loss: { importance: { samples: 2 }, kl: { free_bits: 1 } } },
      "loss.kl: loss.importance holds its KL",
    ],
    [
      "a bound and a variance",
      { ...mlp, loss: { importance: { samples: 2 }, learn_logvar: true } },
      "loss.learn_logvar: loss.importance has no such variance",
    ],
    [
      "an mlp and pictures in files",
      {
        model: { type: "mlp", input_size: 192 },
        data: { type: "images", path: "a", resolution: 8, range: "unit" },
      },
      "data.type: an mlp takes rows of numbers: those of mnist, or of tensors that a program hands over; found images.",
    ],
    [
      "an mlp and a list of pictures",
      {
        model: { type: "mlp", input_size: 192 },
        data: { type: "list", path: "a", resolution: 8, range: "unit" },
      },
      "hands over; found list.",
    ],
    [
      "an mlp and tensors",
      {
        model: { type: "mlp", input_size: 12 },
        data: { type: "tensors", height: 2, width: 2, range: "unit" },
      },
      undefined,
    ],
    ["a bound", { ...mlp, loss: { importance: { samples: 2 } } }, undefined],
  ])("%s", (_, recipe, message) => {
    if (message === undefined) expect(refusal(recipe)).toBeUndefined();
    else expect(refusal(recipe)).toContain(message);
  });
});
