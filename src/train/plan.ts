/** From a recipe to what the engine needs. */
import { VaekitError } from "../errors.ts";
import { autoencoderKL } from "../models/index.ts";
import { pictureSides, type Recipe } from "../recipe/index.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { autoencoderKLNetwork } from "./classes/autoencoder-kl.ts";
import type { TrainableDiscriminator } from "./discriminator.ts";
import type { TeacherOptions } from "./graphs/teacher.ts";
import { findLpipsWeights } from "./losses/index.ts";
import type { ObjectiveOptions } from "./objective.ts";
import { neededWeights, type RecipeWeights } from "./recipe-weights.ts";
import { emaDecay, klWeight, learningRateFactor } from "./schedules/index.ts";
import { inMemory, type TrainableModel } from "./trainable-model.ts";
import type { TrainingPlan } from "./training-plan.ts";

export interface PlanParts {
  readonly model: TrainableModel;
  readonly discriminator: TrainableDiscriminator | undefined;
  readonly weights: RecipeWeights;
  /** The length of the run, for the schedules. */
  readonly totalSteps: number;
}

/** @throws INVALID_CONFIG where parts of the recipe do not fit together, before anything is trained. */
export function planTraining(recipe: Recipe, parts: PlanParts): TrainingPlan {
  const { model, discriminator, weights, totalSteps } = parts;
  const { optimizer, loss, ema } = recipe;
  const { adversarial, distillation } = loss;
  if (adversarial !== null) checkAdversary(recipe, model, adversarial.layers);
  const schedule = { ...recipe.schedule, totalSteps };
  return {
    network: model.network,
    layout: model.layout,
    frozen: model.frozen,
    objective: objectiveOptions(recipe, weights),
    ...(distillation === null ? {} : { teacher: teacherOptions(distillation.teacher, model, weights) }),
    ...(adversarial === null || discriminator === undefined
      ? {}
      : {
          adversarial: {
            config: discriminator.config,
            layout: discriminator.layout,
            loss: adversarial.loss,
            weight: adversarial.weight,
            factor: adversarial.factor,
            startStep: adversarial.startStep,
            learningRate: adversarial.learningRate ?? optimizer.learningRate,
          },
        }),
    optimizer,
    learningRateFactor: (step) => learningRateFactor(schedule, step),
    klWeight: (step) => klWeight(loss.kl, step),
    ...(ema === null ? {} : { emaDecay: (update: number) => emaDecay(ema, update) }),
    accumulate: recipe.accumulate,
    recompute: recipe.recompute,
    givesLogits: (loss.reconstruction.bce ?? 0) > 0,
  };
}

function objectiveOptions({ loss, data }: Recipe, weights: RecipeWeights): ObjectiveOptions {
  const { perceptual, importance, distillation } = loss;
  return {
    reconstruction: loss.reconstruction,
    ...(loss.likelihood === null ? {} : { likelihood: { ...loss.likelihood, range: data.range } }),
    reduction: loss.reduction === "sum" ? "ldm" : loss.reduction,
    sumsBatch: loss.reduction === "sum",
    freeBits: loss.kl.freeBits,
    learnLogvar: loss.learnLogvar,
    ...(perceptual === null
      ? {}
      : {
          perceptual: {
            weights: findLpipsWeights(neededWeights(weights, "perceptual", "loss.perceptual.weights")),
            weight: perceptual.weight,
          },
        }),
    ...(importance === null ? {} : { importance }),
    ...(distillation === null ? {} : { latentWeight: distillation.latentWeight }),
  };
}

function teacherOptions(source: string, model: TrainableModel, weights: RecipeWeights): TeacherOptions {
  const { config, tensors } = neededWeights(weights, "teacher", "loss.distillation.teacher");
  const { network: student, facts } = model;
  const network = autoencoderKLNetwork(config);
  const picture = [1, config.inChannels, 8 * facts.spatialFactor, 8 * facts.spatialFactor];
  const [wanted, found] = [student, network].map((each) => each.latentShape(picture)) as [Shape, Shape];
  if (!sameShape(wanted, found)) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `loss.distillation.teacher: expected a VAE whose latents have the shape of the model's, ${formatShape(wanted)} for a picture of ${picture[2]} pixels, found ${formatShape(found)} in ${source}.`,
    );
  }
  return { network, weights: inMemory(tensors), scaling: autoencoderKL.scaling(config, new Map()) };
}

/** What would otherwise show at the step at which the adversary begins. */
function checkAdversary(recipe: Recipe, { network, layout }: TrainableModel, layers: number): void {
  const { lastLayer } = network;
  if (!layout.places.some(({ name }) => name === lastLayer)) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `loss.adversarial: its weight is balanced at ${lastLayer ?? "a last convolution"}, which model.trainable leaves out. Train the decoder, or remove the adversary.`,
    );
  }
  // Every convolution but the last two halves the picture; those take a pixel each, and one must be left.
  const least = 3 * 2 ** layers;
  const side = Math.min(...pictureSides(recipe));
  if (side < least) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `loss.adversarial.layers: a discriminator of ${layers} layers needs pictures of at least ${least} pixels, found ${side}. Use fewer layers, or larger pictures.`,
    );
  }
}
