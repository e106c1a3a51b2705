/** The rules of a recipe that concern more than one key. */
import { likelihoodProblems } from "./likelihood.ts";
import { rulesFor } from "./models/index.ts";
import { multiples, problem } from "./models/recipe-rules.ts";
import { pictureSize } from "./picture-size.ts";
import type { Problem } from "./problems.ts";
import type { ParsedRecipe } from "./schema.ts";

/** What contradicts what. @param config of the model, where it is checked and right. */
export function crossProblems(recipe: ParsedRecipe, config: object | undefined): Problem[] {
  const rules = rulesFor(recipe.model.type);
  return [
    ...lengthProblems(recipe),
    ...rules.problems(recipe, recipe.model, config),
    ...lossProblems(recipe),
    ...likelihoodProblems(recipe),
    ...scheduleProblems(recipe),
    ...dataProblems(recipe),
    ...phaseProblems(recipe, config === undefined ? 1 : rules.spatialFactor(config)),
  ];
}

function* lengthProblems({ steps, epochs }: ParsedRecipe): Generator<Problem> {
  if (steps !== null && epochs !== null) {
    yield problem("epochs", `expected steps or epochs, found both (${steps} and ${epochs}); remove one.`);
  }
}

function* lossProblems({ loss, data, steps }: ParsedRecipe): Generator<Problem> {
  const weights = Object.values(loss.reconstruction);
  if (loss.likelihood === null && !weights.some((weight) => weight > 0)) {
    yield problem(
      "loss.reconstruction",
      "expected a term with a weight above 0, such as {mse: 1}; found none.",
    );
  }
  if ((loss.reconstruction.bce ?? 0) > 0 && data.range !== "unit") {
    yield problem("loss.reconstruction", "bce needs pixels in [0, 1]; write data.range: unit.");
  }
  const others = (["mse", "l1"] as const).filter((kind) => (loss.reconstruction[kind] ?? 0) > 0);
  if ((loss.reconstruction.bce ?? 0) > 0 && others.length > 0) {
    const message = `bce compares logits, ${others[0]} compares pixels; one model cannot give both. Keep one.`;
    yield problem("loss.reconstruction", message);
  }
  if (loss.kl.annealing !== "constant" && loss.kl.steps === 0) {
    yield problem(
      "loss.kl.steps",
      `expected the length of the ${loss.kl.annealing} annealing, found 0; write e.g. ${Math.max(1, Math.floor((steps ?? 10_000) / 4))}.`,
    );
  }
}

/** The keys that only some schedules read. */
const readBy = {
  final_ratio: ["linear", "cosine", "cosine_with_restarts", "polynomial"],
  cycles: ["cosine_with_restarts"],
  power: ["polynomial"],
  milestones: ["piecewise"],
} as const;

const scheduleDefaults = { final_ratio: 0, cycles: 1, power: 1 } as const;

function* scheduleProblems({ schedule, steps }: ParsedRecipe): Generator<Problem> {
  const { type, milestones, warmup_steps } = schedule;
  for (const [key, types] of Object.entries(readBy) as [keyof typeof readBy, readonly string[]][]) {
    const isSet = key === "milestones" ? milestones.length > 0 : schedule[key] !== scheduleDefaults[key];
    if (isSet && !types.includes(type)) {
      yield problem(
        `schedule.${key}`,
        `type ${type} does not read it (${types.join(", ")} does); remove it.`,
      );
    }
  }
  if (type === "piecewise" && milestones.length === 0) {
    yield problem("schedule.milestones", "missing; write e.g. [{step: 1000, factor: 0.1}].");
  }
  const disordered = milestones.find(({ step }, i) => i > 0 && step <= milestones[i - 1]!.step);
  if (disordered !== undefined) {
    yield problem(
      "schedule.milestones",
      `expected steps in ascending order, found ${disordered.step} too late.`,
    );
  }
  if (steps !== null && warmup_steps > steps) {
    yield problem(
      "schedule.warmup_steps",
      `expected at most the run's ${steps} steps, found ${warmup_steps}.`,
    );
  }
}

function* dataProblems({ data }: ParsedRecipe): Generator<Problem> {
  const isInFiles = data.type !== "tensors";
  if (isInFiles && data.validation_path !== null && data.validation_count > 0) {
    yield problem(
      "data.validation_count",
      "validation_path is given, so nothing is held out; remove one of them.",
    );
  }
  const shortSide = shortSideOf(data);
  const { height } = pictureSize(data);
  if (shortSide !== null && shortSide < height) {
    yield problem("data.short_side", `expected at least data.resolution ${height}, found ${shortSide}.`);
  }
}

/** To how many pixels the pictures' short sides are brought; null where they are not resized. */
const shortSideOf = (data: ParsedRecipe["data"]): number | null =>
  "short_side" in data ? data.short_side : null;

function* phaseProblems({ phases, data }: ParsedRecipe, factor: number): Generator<Problem> {
  if (phases.length > 0 && !("resolution" in data)) {
    yield problem("phases", `the pictures of data.type ${data.type} have one size; remove it.`);
  }
  const shortSide = shortSideOf(data);
  for (const [i, { step, resolution }] of phases.entries()) {
    if (i > 0 && step <= phases[i - 1]!.step) {
      yield problem(`phases.${i}.step`, `expected steps in ascending order, found ${step} too late.`);
    }
    if (resolution % factor !== 0) {
      const message = `expected a multiple of the model's spatial factor ${factor}, found ${resolution}`;
      yield problem(`phases.${i}.resolution`, `${message}; ${multiples(resolution, factor)}.`);
    }
    if (shortSide !== null && shortSide < resolution) {
      const message = `expected at most data.short_side ${shortSide}, found ${resolution}.`;
      yield problem(`phases.${i}.resolution`, message);
    }
  }
}
