/** Recipes of a fully connected VAE. */
import { hasLikelihood } from "../likelihood.ts";
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
  if (validation.likelihood_samples !== null && !hasLikelihood(loss)) {
    const message = "only an mlp with loss.likelihood, or bce, has a likelihood to estimate; remove it.";
    yield problem("validation.likelihood_samples", message);
  }
  const { likelihood } = loss;
  if (likelihood !== null && "scale" in likelihood && likelihood.scale === "per_channel") {
    const message = "an mlp's rows have no channels; write shared or per_value.";
    yield problem("loss.likelihood.scale", message);
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
function* importanceProblems(loss: ParsedRecipe["loss"]): Generator<Problem> {
  const { kl, learn_logvar } = loss;
  if (!hasLikelihood(loss)) {
    const message = "loss.importance is a bound of a likelihood; write bce, or loss.likelihood instead.";
    yield problem("loss.reconstruction", message);
  }
  if (kl.weight !== 1 || kl.annealing !== "constant" || kl.start_step > 0 || kl.free_bits > 0) {
    const message = "loss.importance holds its KL with weight 1 from the first step; remove the other keys.";
    yield problem("loss.kl", message);
  }
  if (learn_logvar) yield problem("loss.learn_logvar", "loss.importance has no such variance; remove it.");
}
