/** A recipe's `loss.likelihood`: what it leaves out, and what contradicts it. */
import { levelWidth, maxCategoricalLevels } from "../models/index.ts";
import { isObject } from "./key-case.ts";
import { problem } from "./models/recipe-rules.ts";
import type { Problem } from "./problems.ts";
import type { ParsedRecipe } from "./schema.ts";

type Plain = Record<string, unknown>;

/** Of 8-bit pictures. */
const defaultLevels = 256;

/** Whether a recipe, not yet checked, asks for a likelihood. */
export const hasLikelihoodSection = ({ loss }: Plain): boolean => isObject(loss) && isObject(loss.likelihood);

/** The recipe without another reconstruction where it has a likelihood and says nothing of one. */
export function withoutReconstruction(recipe: Plain): Plain {
  const { loss } = recipe;
  if (!isObject(loss) || !isObject(loss.likelihood) || loss.reconstruction !== undefined) return recipe;
  return { ...recipe, loss: { ...loss, reconstruction: {} } };
}

/** `loss` with the numbers of its likelihood that follow from the data. */
export function completeLikelihood(loss: unknown, data: unknown): unknown {
  if (!isObject(loss) || !isObject(loss.likelihood)) return loss;
  const { likelihood } = loss;
  if (likelihood.distribution === "categorical") {
    return { ...loss, likelihood: { levels: maxCategoricalLevels, ...likelihood } };
  }
  const section = isObject(data) ? data : {};
  const range = section.range === "unit" ? "unit" : "signed";
  const isTensors = section.type === "tensors";
  const { levels = isTensors ? null : defaultLevels } = likelihood;
  const isWhole = Number.isSafeInteger(levels) && Number(levels) > 1;
  const width = levelWidth(isWhole ? Number(levels) : defaultLevels, range);
  const leastScale = likelihood.scale === "fixed" ? null : width;
  const derived = { initial_scale: (range === "unit" ? 1 : 2) / 4, min_scale: leastScale, levels };
  return { ...loss, likelihood: { distribution: "normal", ...derived, ...likelihood } };
}

/** What contradicts `loss.likelihood`, whatever the model's class. */
export function* likelihoodProblems({ loss, data }: ParsedRecipe): Generator<Problem> {
  const { likelihood } = loss;
  if (likelihood === null) return;
  const at = (key: string, message: string): Problem => problem(`loss.likelihood.${key}`, message);
  if (Object.keys(loss.reconstruction).length > 0) {
    yield problem("loss.reconstruction", "loss.likelihood is the reconstruction's term; remove one of them.");
  }
  if (loss.learn_logvar) {
    yield problem("loss.learn_logvar", "loss.likelihood has a scale of its own; remove one of them.");
  }
  if (data.type === "mnist" && data.binarize) {
    const message = "black and white pixels have a Bernoulli distribution; write loss.reconstruction: bce.";
    yield problem("loss.likelihood", message);
  }
  if (likelihood.distribution !== "categorical")
    yield* scaleProblems(likelihood, loss.importance !== null, at);
}

type Scaled = Exclude<NonNullable<ParsedRecipe["loss"]["likelihood"]>, { distribution: "categorical" }>;
type ProblemAt = (key: string, message: string) => Problem;

function* scaleProblems(likelihood: Scaled, isBound: boolean, at: ProblemAt): Generator<Problem> {
  const { distribution, scale, levels } = likelihood;
  if (distribution === "discretized_logistic" && levels === null) {
    yield at("levels", "a discretized distribution needs them; write 256 for 8-bit pictures.");
  }
  if (scale === "optimal" && distribution !== "normal") {
    yield at("scale", "optimal is known of a normal distribution only; write shared.");
  }
  if (scale === "optimal" && isBound) {
    yield at("scale", "loss.importance compares latents under one scale; write shared, not optimal.");
  }
  yield* boundProblems(likelihood, at);
}

function* boundProblems({ scale, initial_scale, min_scale }: Scaled, at: ProblemAt): Generator<Problem> {
  if (scale === "fixed") {
    if (min_scale !== null) yield at("min_scale", "a fixed scale has no bound; remove it.");
  } else if (min_scale === null) {
    yield at(
      "min_scale",
      "a scale that is learned needs a bound, or it goes to 0 where pixels never change; remove null.",
    );
  } else if (min_scale >= initial_scale) {
    yield at("min_scale", `expected a number below initial_scale ${initial_scale}, found ${min_scale}.`);
  }
}

/** Whether pictures have a likelihood in the strict sense, nothing weighted. */
export function hasLikelihood({ likelihood, reconstruction }: ParsedRecipe["loss"]): boolean {
  return likelihood !== null || reconstruction.bce === 1;
}
