/** What a plan has of its recipe, of an adversary and of a teacher. */
import { describe, expect, it } from "vitest";
import { smallModel, smallRecipe, type Section } from "../../test/train/small-recipe.ts";
import { Generator } from "../random/index.ts";
import { openTrainable } from "./classes/index.ts";
import { openDiscriminator } from "./discriminator.ts";
import { planTraining } from "./plan.ts";
import type { RecipeWeights } from "./recipe-weights.ts";
import type { TrainingPlan } from "./training-plan.ts";

function planOf(sections: Section = {}, weights: RecipeWeights = {}): TrainingPlan {
  const recipe = smallRecipe(sections);
  const model = openTrainable(recipe, weights);
  const discriminator = openDiscriminator(recipe);
  return planTraining(recipe, { model, discriminator, weights, totalSteps: 10 });
}

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
    const recipe = smallRecipe({ loss: { learn_logvar: true } });
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
    const weights = { pretrained: smallModel() };
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
    const teacher = smallModel({ layersPerBlock: 2 });
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
      expect(() => planOf({ loss }, { teacher: smallModel(changes) })).toThrow(
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
