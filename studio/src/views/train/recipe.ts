/** What is trained: the VAE of the textbooks, 784-400-L, as pytorch/examples has it. */
import type { TensorRecipe } from "vaekit/train";
import { pixelCount } from "./digits.ts";

export interface TrainingSettings {
  /** The weight of the KL divergence. */
  readonly beta: number;
  readonly latentSize: number;
  readonly seed: number;
}

export function recipeOf({ beta, latentSize, seed }: TrainingSettings): TensorRecipe {
  return {
    model: { type: "mlp", input_size: pixelCount, hidden_sizes: [400], latent_size: latentSize },
    loss: { reconstruction: "bce", reduction: "sum", kl: { weight: beta } },
    optimizer: { type: "adam", learning_rate: 1e-3 },
    batch_size: 128,
    // Longer than anybody watches.
    steps: 1_000_000,
    seed,
  };
}

/** Then a training that began by itself rests, so that a page that is left open does not compute for ever. */
export const stepsByItself = 600;

/** Of drawn digits: how many are trained on, and how many are only looked at. */
export const [trainedCount, testCount] = [6000, 400];
/** Of the generator that draws each of them. */
export const [trainedSeed, testSeed] = [1, 2];
