import { describe, expect, it } from "vitest";
import {
  autoencoderKL,
  completeConfig,
  initializeParameters,
  type AutoencoderKLConfig,
} from "../models/index.ts";
import { Generator } from "../random/index.ts";
import { parseRecipe, type Recipe } from "../recipe/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { openTrainable } from "./classes/index.ts";
import { openDiscriminator } from "./discriminator.ts";
import { planTraining } from "./plan.ts";
import type { ModelInMemory, RecipeWeights } from "./recipe-weights.ts";
import type { TrainingPlan } from "./training-plan.ts";

type Section = Readonly<Record<string, unknown>>;

const config = {
  block_out_channels: [4, 4],
  latent_channels: 2,
  layers_per_block: 1,
  norm_num_groups: 2,
  mid_block_add_attention: false,
};

const recipeOf = (sections: Section = {}): Recipe =>
  parseRecipe({ model: { config }, data: { path: "pictures", resolution: 8 }, steps: 10, ...sections });

function planOf(sections: Section = {}, weights: RecipeWeights = {}): TrainingPlan {
  const recipe = recipeOf(sections);
  const model = openTrainable(recipe, weights);
  const discriminator = openDiscriminator(recipe);
  return planTraining(recipe, { model, discriminator, weights, totalSteps: 10 });
}

const memoryOf = (changes: Partial<AutoencoderKLConfig> = {}): ModelInMemory => {
  const complete = completeConfig({
    blockOutChannels: [4, 4],
    downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    latentChannels: 2,
    layersPerBlock: 1,
    normNumGroups: 2,
    midBlockAddAttention: false,
    ...changes,
  });
  return { config: complete, tensors: initializeParameters(complete, Generator.torch(0)) };
};

describe("a plan has of its recipe", () => {
  it("the objective", () => {
    expect(planOf().objective).toEqual({
      reconstruction: { mse: 1 },
      reduction: "mean",
      sumsBatch: false,
      freeBits: 0,
      learnLogvar: false,
    });
    const loss = {
      reconstruction: { l1: 1, mse: 0.5 },
      reduction: "sum",
      learn_logvar: true,
      kl: { free_bits: 0.25 },
    };
    expect(planOf({ loss }).objective).toEqual({
      reconstruction: { l1: 1, mse: 0.5 },
      reduction: "ldm",
      sumsBatch: true,
      freeBits: 0.25,
      learnLogvar: true,
    });
    expect(planOf({ loss: { reduction: "ldm" } }).objective).toMatchObject({
      reduction: "ldm",
      sumsBatch: false,
    });
  });

  it("the learned variance among the trained parameters, at 0 first", async () => {
    const names = (plan: TrainingPlan): string[] => plan.layout.places.map(({ name }) => name);
    expect(names(planOf())).not.toContain("loss.logvar");
    const recipe = recipeOf({ loss: { learn_logvar: true } });
    const model = openTrainable(recipe);
    expect(model.layout.places.at(-1)).toMatchObject({ name: "loss.logvar", shape: [1] });
    const noPictures = (): Promise<never> => Promise.reject(new Error("asked for pictures"));
    const parameters = await model.initialParameters(Generator.torch(0), noPictures);
    expect(parameters.data.at(-1)).toBe(0);
  });

  it("the optimizer, the accumulation and the recomputation", () => {
    const optimizer = { type: "adam", learning_rate: 0.5, betas: [0.5, 0.75], epsilon: 0.25, clip_norm: 2 };
    const plan = planOf({ optimizer, accumulate: 3, recompute: true });
    expect(plan.optimizer).toEqual({
      type: "adam",
      learningRate: 0.5,
      betas: [0.5, 0.75],
      epsilon: 0.25,
      weightDecay: 0,
      clipNorm: 2,
    });
    expect([plan.accumulate, plan.recompute]).toEqual([3, true]);
    expect([planOf().accumulate, planOf().recompute]).toEqual([1, false]);
  });

  it("the schedule over the length of the run", () => {
    const { learningRateFactor } = planOf({ schedule: { type: "linear", warmup_steps: 2 } });
    expect([0, 1, 2, 6, 10].map(learningRateFactor)).toEqual([0, 0.5, 1, 0.5, 0]);
    expect([0, 9].map(planOf().learningRateFactor)).toEqual([1, 1]);
  });

  it("the KL weight's course", () => {
    const { klWeight } = planOf({
      loss: { kl: { weight: 2, annealing: "linear", start_step: 2, steps: 4 } },
    });
    expect([0, 1, 2, 4, 6, 9].map(klWeight)).toEqual([0, 0, 0, 1, 2, 2]);
  });

  it("the average's decay, where there is an average", () => {
    expect(planOf().emaDecay).toBeUndefined();
    expect(planOf({ ema: { decay: 0.75, warmup: "none" } }).emaDecay!(1)).toBe(0.75);
    expect(planOf({ ema: {} }).emaDecay!(2)).toBeCloseTo(2 / 11, 12);
  });

  it("whether the decoder gives logits", () => {
    const data = { path: "pictures", resolution: 8, range: "unit" };
    expect(planOf({ data, loss: { reconstruction: "bce" } }).givesLogits).toBe(true);
    expect(planOf({ data, loss: { reconstruction: { mse: 1, bce: 0 } } }).givesLogits).toBe(false);
    expect(planOf().givesLogits).toBe(false);
  });

  it("the bound of several samples", () => {
    const digits = {
      model: { type: "mlp", hidden_sizes: [2], latent_size: 1 },
      data: { path: "digits" },
      loss: { importance: { samples: 5, bound: "vae" } },
    };
    expect(planOf(digits).objective.importance).toEqual({ samples: 5, bound: "vae" });
    expect(planOf().objective.importance).toBeUndefined();
  });
});

describe("an adversary's plan", () => {
  const adversarial = {
    weight: 0.5,
    start_step: 7,
    loss: "vanilla",
    norm: "none",
    layers: 1,
    channels: 6,
    factor: 0.25,
  };

  it("is as the recipe says, at the optimizer's learning rate or its own", () => {
    const { adversarial: plan } = planOf({ loss: { adversarial }, optimizer: { learning_rate: 0.125 } });
    expect(plan).toMatchObject({
      config: { inChannels: 3, baseChannels: 6, layerCount: 1, norm: "none" },
      loss: "vanilla",
      weight: 0.5,
      factor: 0.25,
      startStep: 7,
      learningRate: 0.125,
    });
    expect(plan!.layout.places.map(({ name }) => name)).toContain("main.0.weight");
    const own = planOf({ loss: { adversarial: { ...adversarial, learning_rate: 0.5 } } });
    expect(own.adversarial!.learningRate).toBe(0.5);
    expect(planOf().adversarial).toBeUndefined();
  });

  it("judges the data's channels", () => {
    const data = { path: "pictures", resolution: 8, channels: 1 };
    const plan = planOf({ data, loss: { adversarial } });
    expect(plan.adversarial!.config.inChannels).toBe(1);
  });

  it("needs pictures that leave its last layer a pixel, in every phase", () => {
    const sizes = (resolution: number, phases: readonly object[] = []): (() => TrainingPlan) => {
      const data = { path: "pictures", resolution };
      return () => planOf({ data, phases, loss: { adversarial } });
    };
    expect(sizes(6)).not.toThrow();
    const message =
      "loss.adversarial.layers: a discriminator of 1 layers needs pictures of at least 6 pixels, found 4. Use fewer layers, or larger pictures.";
    expect(sizes(4)).toThrow(expect.objectContaining({ code: "INVALID_CONFIG", message }));
    expect(sizes(8, [{ step: 5, resolution: 4, batch_size: 1 }])).toThrow(message);
    const two = { ...adversarial, layers: 2 };
    expect(() => planOf({ loss: { adversarial: two } })).toThrow("at least 12 pixels, found 8");
  });

  it("needs the decoder's last layer among what is trained", () => {
    const weights = { pretrained: memoryOf() };
    const train = (...trainable: string[]): Section => ({
      model: { pretrained: "vae", trainable },
      loss: { adversarial },
    });
    expect(() => planOf(train("decoder.conv_out.weight"), weights)).not.toThrow();
    expect(() => planOf(train("encoder.*", "decoder.conv_out.bias"), weights)).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        message:
          "loss.adversarial: its weight is balanced at decoder.conv_out.weight, which model.trainable leaves out. Train the decoder, or remove the adversary.",
      }),
    );
  });
});

describe("a teacher's plan", () => {
  const loss = { distillation: { teacher: "teacher", latent_weight: 4 } };

  it("has the teacher's network and weights, and the weight of its latents", () => {
    const teacher = memoryOf({ layersPerBlock: 2 });
    const plan = planOf({ loss }, { teacher });
    expect(plan.objective.latentWeight).toBe(4);
    expect([...plan.teacher!.network.parameterShapes.keys()].sort()).toEqual(
      [...teacher.tensors.keys()].sort(),
    );
    const name = "encoder.conv_in.weight";
    const stored = plan.teacher!.weights(name, teacher.tensors.get(name)!.shape);
    expect(stored).toMatchObject({ name, shape: teacher.tensors.get(name)!.shape });
    expect(planOf().teacher).toBeUndefined();
  });

  it("needs latents of the model's shape", () => {
    const three = {
      blockOutChannels: [4, 4, 4],
      downBlockTypes: Array(3).fill("DownEncoderBlock2D"),
      upBlockTypes: Array(3).fill("UpDecoderBlock2D"),
    };
    for (const [changes, found] of [
      [{ latentChannels: 4 }, "[1, 4, 8, 8]"],
      [three, "[1, 2, 4, 4]"],
    ] as const) {
      expect(() => planOf({ loss }, { teacher: memoryOf(changes) })).toThrow(
        `loss.distillation.teacher: expected a VAE whose latents have the shape of the model's, [1, 2, 8, 8] for a picture of 16 pixels, found ${found} in teacher.`,
      );
    }
  });

  it("needs weights that somebody has read", () => {
    expect(() => planOf({ loss })).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message:
          "loss.distillation.teacher: a Trainer reads no files. Leave it out, or run the recipe with train, in Node.",
      }),
    );
    const perceptual = { weights: "lpips.safetensors" };
    expect(() => planOf({ loss: { perceptual } })).toThrow(
      "loss.perceptual.weights: a Trainer reads no files",
    );
    expect(() => planOf({ model: { pretrained: "vae" } })).toThrow(
      "model.pretrained: a Trainer reads no files",
    );
  });
});

describe("a model to start from", () => {
  const pretrained = (changes: Section = {}, memory = memoryOf(), more: Section = {}) =>
    openTrainable(recipeOf({ model: { pretrained: "vae", ...changes }, ...more }), { pretrained: memory });
  const noPictures = (): Promise<never> => Promise.reject(new Error("asked for pictures"));

  it("begins with its own weights, and keeps in memory what is not trained", async () => {
    const memory = memoryOf();
    const model = pretrained({ trainable: ["decoder.*"] }, memory);
    const names = model.layout.places.map(({ name }) => name);
    expect(names.every((name) => name.startsWith("decoder."))).toBe(true);
    const first = model.layout.split(await model.initialParameters(Generator.torch(1), noPictures));
    for (const name of names) expect(first.get(name)!.equals(memory.tensors.get(name)!)).toBe(true);
    const frozen = model.frozen(
      "encoder.conv_in.weight",
      memory.tensors.get("encoder.conv_in.weight")!.shape,
    );
    expect(frozen.name).toBe("encoder.conv_in.weight");

    const trained = new Map(names.map((name) => [name, Tensor.zeros(memory.tensors.get(name)!.shape)]));
    const { tensors } = model.content(trained);
    expect([...tensors.keys()]).toEqual([...autoencoderKL.parameterShapes(memory.config).keys()]);
    for (const [name, tensor] of tensors) {
      expect(tensor).toBe(name.startsWith("decoder.") ? trained.get(name) : memory.tensors.get(name));
    }
  });

  it("is written in the dtype of the recipe", () => {
    const model = pretrained({ trainable: ["decoder.*"], save_dtype: "bfloat16" });
    const trained = model.layout.split(Tensor.zeros([model.layout.size]));
    const dtypes = new Set([...model.content(trained).tensors.values()].map(({ dtype }) => dtype));
    expect(dtypes).toEqual(new Set(["bfloat16"]));
  });

  it.each([
    [{ trainable: ["decoder.*"] }, "keep"],
    [{ trainable: ["decoder.*", "post_quant_conv.*"] }, "keep"],
    [{ trainable: ["quant_conv.*"] }, "compare"],
    [{ trainable: ["encoder.*"] }, "compare"],
    [{}, "compare"],
    [{ trainable: ["decoder.*"], calibrate: true }, "replace"],
  ])("of which %j is trained: what becomes of its scaling is %s", (model, calibration) => {
    expect(pretrained(model).latents).toMatchObject({ channels: 2, calibration });
  });

  it("keeps its scaling in the config, or gets another one as a whole", () => {
    const memory = memoryOf({ scalingFactor: 0.5, latentsMean: [1, 2], latentsStd: [3, 4] });
    const model = pretrained({}, memory);
    const trained = model.layout.split(Tensor.zeros([model.layout.size]));
    const kept = JSON.parse(model.content(trained).config) as Section;
    expect(kept).toMatchObject({ scaling_factor: 0.5, latents_mean: [1, 2], latents_std: [3, 4] });
    const factors = { scalingFactor: 2, shiftFactor: 0.25, latentsMean: null, latentsStd: null };
    expect(JSON.parse(model.content(trained, factors).config)).toMatchObject({
      scaling_factor: 2,
      shift_factor: 0.25,
    });
    expect(model.latents!.scaling).toContain("0.5");
  });

  it("is another architecture for what is trained of it, not for how its latents are scaled", () => {
    const same = memoryOf({ scalingFactor: 3, shiftFactor: 1, sampleSize: 512, forceUpcast: false });
    expect(pretrained({}, same).architecture).toEqual(pretrained().architecture);
    expect(pretrained({ trainable: ["decoder.*"] }).architecture).not.toEqual(pretrained().architecture);
    expect(pretrained({}, memoryOf({ actFn: "relu" })).architecture).not.toEqual(pretrained().architecture);
  });

  it("must fit the pictures of every phase", () => {
    const of = (more: Section) => (): unknown => pretrained({}, memoryOf(), more);
    expect(of({ data: { path: "pictures", resolution: 9 } })).toThrow(
      "data.resolution: expected a multiple of the model's spatial factor 2, also in phases, found 9.",
    );
    expect(of({ phases: [{ step: 1, resolution: 7, batch_size: 1 }] })).toThrow("found 7.");
    expect(of({ data: { path: "pictures", resolution: 8, channels: 1 } })).toThrow(
      "data.channels: expected the model's 3 channels in and 3 out, found 1.",
    );
    const oneOut = memoryOf({ outChannels: 1 });
    expect(() => pretrained({}, oneOut)).toThrow("3 channels in and 1 out, found 3.");
  });

  it("names a pattern that nothing matches, and takes a star for anything and nothing else for a sign", () => {
    const names = (trainable: string[]): string[] =>
      pretrained({ trainable }).layout.places.map(({ name }) => name);
    expect(names(["*.conv_out.bias"])).toEqual(["encoder.conv_out.bias", "decoder.conv_out.bias"]);
    expect(names(["decoder.conv_out.bias", "decoder.conv_out.*"])).toHaveLength(2);
    for (const pattern of [
      "decoder",
      "ecoder.*",
      "decoder.conv_out.bia",
      "decoder.conv.out.bias",
      "decoder+",
    ]) {
      expect(() => names([pattern])).toThrow(
        `model.trainable: no parameter matches "${pattern}". Names are such as encoder.conv_in.weight, encoder.conv_in.bias.`,
      );
    }
  });

  it("is needed where parts are frozen", () => {
    expect(() => openTrainable(recipeOf({ model: { config, trainable: ["decoder.*"] } }))).toThrow(
      "model.trainable: only a pretrained model can have frozen parts. Set model.pretrained, or leave trainable out.",
    );
  });
});

describe("fresh weights", () => {
  it("are drawn from the generator, or from the pictures where the recipe says so", async () => {
    let asked = 0;
    const pictures = (): Promise<Tensor<"float32">> => {
      asked++;
      return Promise.resolve(Generator.torch(2).uniform([3, 3, 16, 16], -1, 1));
    };
    const wide = { ...config, block_out_channels: [16, 16] };
    const drawn = openTrainable(recipeOf({ model: { config: wide } }));
    const first = await drawn.initialParameters(Generator.torch(5), pictures);
    expect(asked).toBe(0);
    expect(await drawn.initialParameters(Generator.torch(5), pictures)).toEqual(first);
    expect(await drawn.initialParameters(Generator.torch(6), pictures)).not.toEqual(first);
    const fitted = openTrainable(
      recipeOf({ model: { config: wide, initialization: "principal_components" } }),
    );
    expect(await fitted.initialParameters(Generator.torch(5), pictures)).not.toEqual(first);
    expect(asked).toBe(1);
    expect(drawn.latents).toMatchObject({ calibration: "replace" });
  });

  it("of an mlp follow the recipe's words, the output's bias from the mean picture where it says glorot", async () => {
    const open = (model: Section) =>
      openTrainable(
        parseRecipe({
          model: { type: "mlp", hidden_sizes: [3], latent_size: 2, ...model },
          data: { path: "digits" },
        }),
      );
    const half = Tensor.from(new Float32Array(2 * 784).fill(0.5), [2, 784]);
    const quarter = Tensor.from(
      Float32Array.from({ length: 2 * 784 }, (_, i) => (i < 784 ? 0 : 0.5)),
      [2, 784],
    );
    const glorot = open({ initialization: "glorot" });
    const bias = async (pictures: Tensor<"float32">): Promise<Float32Array> => {
      const vector = await glorot.initialParameters(Generator.torch(0), () => Promise.resolve(pictures));
      return [...glorot.layout.split(vector)].at(-1)![1].data;
    };
    // The logit of the mean.
    expect(await bias(half)).toBeAllclose(new Float32Array(784), { absolute: 1e-6 });
    expect(await bias(quarter)).toBeAllclose(new Float32Array(784).fill(Math.log(1 / 3)), { absolute: 1e-6 });
    const plain = open({});
    const noPictures = (): Promise<never> => Promise.reject(new Error("asked for pictures"));
    await plain.initialParameters(Generator.torch(0), noPictures);
    expect(plain.latents).toBeUndefined();

    const configOf = (model: Section): Section => {
      const opened = open(model);
      const trained = opened.layout.split(Tensor.zeros([opened.layout.size]));
      return JSON.parse(opened.content(trained).config) as Section;
    };
    expect(configOf({})).toMatchObject({ input_size: 784, hidden_sizes: [3], latent_size: 2 });
    const [one, two] = [configOf({ sigma: "logvar" }), configOf({ sigma: "log_std", activation: "tanh" })];
    expect([one["sigma"], two["sigma"]]).toEqual(["logvar", "log_std"]);
    expect([one["activation"], two["activation"]]).toEqual(["relu", "tanh"]);
    expect(open({ sigma: "log_std" }).architecture).not.toEqual(open({}).architecture);
  });
});
