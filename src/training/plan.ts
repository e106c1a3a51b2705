/** From a recipe to what the trainer needs. */
import { VaekitError } from "../errors.ts";
import { parseSafetensors } from "../weights/index.ts";
import { openFileSource } from "../files/node/index.ts";
import type { Recipe } from "../recipe/index.ts";
import {
  autoencoderKLNetwork,
  emaDecay,
  findLpipsWeights,
  klWeight,
  learningRateFactor,
  type ObjectiveOptions,
  type TeacherOptions,
  type TrainingPlan,
} from "../train/index.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { pictureSides } from "./autoencoder-kl-model.ts";
import { finiteWeights, openPretrained } from "./pretrained.ts";
import type { openDiscriminator } from "./discriminator.ts";
import { inMemory, type TrainingModel } from "./trained-model.ts";

/**
 * @param totalSteps the length of the run, for the schedules.
 * @throws INVALID_CONFIG where parts of the recipe do not fit together, before anything is trained.
 */
export async function planTraining(
  recipe: Recipe,
  model: TrainingModel,
  discriminator: ReturnType<typeof openDiscriminator>,
  totalSteps: number,
): Promise<TrainingPlan> {
  const { optimizer, loss, ema } = recipe;
  const { adversarial, distillation } = loss;
  if (adversarial !== null) checkAdversary(recipe, model, adversarial.layers);
  const schedule = { ...recipe.schedule, totalSteps };
  return {
    network: model.network,
    layout: model.layout,
    frozen: model.frozen,
    objective: await objectiveOptions(recipe),
    ...(distillation === null ? {} : { teacher: await openTeacher(distillation.teacher, model) }),
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

async function objectiveOptions({ loss }: Recipe): Promise<ObjectiveOptions> {
  const { perceptual, importance, distillation } = loss;
  return {
    reconstruction: loss.reconstruction,
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

async function openTeacher(
  source: string,
  { network: student, ...model }: TrainingModel,
): Promise<TeacherOptions> {
  await using vae = await openPretrained(source, {});
  const network = autoencoderKLNetwork(vae.config);
  const picture = [1, vae.config.inChannels, 8 * model.factor, 8 * model.factor];
  const [wanted, found] = [student, network].map((each) => each.latentShape(picture)) as [Shape, Shape];
  if (!sameShape(wanted, found)) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `loss.distillation.teacher: expected a VAE whose latents have the shape of the model's, ${formatShape(wanted)} for a picture of ${picture[2]} pixels, found ${formatShape(found)} in ${source}.`,
    );
  }
  return { network, weights: inMemory(await finiteWeights(vae)) };
}

/** What would otherwise show at the step at which the adversary begins. */
function checkAdversary(recipe: Recipe, { network, layout }: TrainingModel, layers: number): void {
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
