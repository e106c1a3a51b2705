/** From a recipe to what the trainer needs. */
import { matchWeights, finderOf } from "../../vae/model-weights.ts";
import { parseSafetensors } from "../../weights/index.ts";
import { loadDiffusersFolder, openFileSource } from "../../weights/node/index.ts";
import { parseConfig } from "../../models/index.ts";
import type { Recipe } from "../../recipe/index.ts";
import {
  autoencoderKLNetwork,
  emaDecay,
  findLpipsWeights,
  klWeight,
  learningRateFactor,
  type ObjectiveOptions,
  type TeacherOptions,
  type TrainingPlan,
} from "../../train/index.ts";
import type { openDiscriminator, TrainingModel } from "./training-model.ts";

/** @param totalSteps the length of the run, for the schedules. */
export async function planTraining(
  recipe: Recipe,
  model: TrainingModel,
  discriminator: ReturnType<typeof openDiscriminator>,
  totalSteps: number,
): Promise<TrainingPlan> {
  const { optimizer, loss, ema } = recipe;
  const { adversarial, distillation } = loss;
  const schedule = { ...recipe.schedule, totalSteps };
  return {
    network: model.network,
    layout: model.layout,
    frozen: model.frozen,
    objective: await objectiveOptions(recipe),
    ...(distillation === null ? {} : { teacher: await openTeacher(distillation.teacher) }),
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
    givesLogits: "bce" in loss.reconstruction,
  };
}

async function objectiveOptions({ loss }: Recipe): Promise<ObjectiveOptions> {
  const { perceptual, importance, distillation } = loss;
  return {
    reconstruction: loss.reconstruction as ObjectiveOptions["reconstruction"],
    reduction: loss.reduction === "sum" ? "ldm" : loss.reduction,
    sumsBatch: loss.reduction === "sum",
    freeBits: loss.kl.freeBits,
    learnLogvar: loss.learnLogvar,
    ...(perceptual === null
      ? {}
      : {
          perceptual: {
            weights: findLpipsWeights(
              (await parseSafetensors(await openFileSource(perceptual.weights))).tensors,
            ),
            weight: perceptual.weight,
          },
        }),
    ...(importance === null ? {} : { importance }),
    ...(distillation === null ? {} : { latentWeight: distillation.latentWeight }),
  };
}

async function openTeacher(folder: string): Promise<TeacherOptions> {
  const { configJson, checkpoint } = await loadDiffusersFolder(folder);
  const { config } = parseConfig(configJson, folder);
  return {
    network: autoencoderKLNetwork(config),
    weights: finderOf(matchWeights(config, checkpoint.tensors, folder)),
  };
}
