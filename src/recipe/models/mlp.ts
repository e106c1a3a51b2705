/** Recipes of a fully connected VAE. */
import { pictureSize } from "../picture-size.ts";
import type { Problem } from "../problems.ts";
import type { ParsedRecipe } from "../schema.ts";
import { problem, type RecipeRules } from "./recipe-rules.ts";

type Section = Extract<ParsedRecipe["model"], { type: "mlp" }>;

export const mlpRules: RecipeRules<Section> = {
  // Those of pytorch/examples.
  defaults: {
    data: { type: "mnist", range: "unit" },
    loss: { reconstruction: "bce", reduction: "ldm", kl: { weight: 1 } },
  },
  complete: (section) => section,
  check: () => ({ problems: [] }),
  problems,
  spatialFactor: () => 1,
};

function* problems({ data, loss, validation }: ParsedRecipe, { input_size }: Section): Generator<Problem> {
  if (validation.likelihood_samples !== null && loss.reconstruction.bce !== 1) {
    const message = "only an mlp with loss.reconstruction bce has a likelihood to estimate; remove it.";
    yield problem("validation.likelihood_samples", message);
  }
  if (data.type === "images" || data.type === "list") {
    const message = `an mlp takes rows of numbers: those of mnist, or of tensors that a program hands over; found ${data.type}.`;
    yield problem("data.type", message);
  }
  for (const term of ["perceptual", "adversarial", "distillation"] as const) {
    if (loss[term] === null) continue;
    yield problem(`loss.${term}`, "an mlp has no such term; remove it, or use model.type autoencoder_kl.");
  }
  if (loss.importance !== null) yield* importanceProblems(loss);
  const { channels, height, width } = pictureSize(data);
  if (input_size !== channels * height * width) {
    yield problem(
      "model.input_size",
      `expected ${channels * height * width}, the values of a picture (${channels} x ${height} x ${width}), found ${input_size}.`,
    );
  }
}

/** A bound from several samples is one quantity: nothing in it can be weighted. */
function* importanceProblems({ reconstruction, kl, learn_logvar }: ParsedRecipe["loss"]): Generator<Problem> {
  if (reconstruction.bce !== 1) {
    yield problem("loss.reconstruction", "loss.importance is a bound for Bernoulli pixels; write bce.");
  }
  if (kl.weight !== 1 || kl.annealing !== "constant" || kl.start_step > 0 || kl.free_bits > 0) {
    const message = "loss.importance holds its KL with weight 1 from the first step; remove the other keys.";
    yield problem("loss.kl", message);
  }
  if (learn_logvar) yield problem("loss.learn_logvar", "loss.importance has no such variance; remove it.");
}
