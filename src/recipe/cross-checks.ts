/** The rules of a recipe that concern more than one key. */
import { spatialFactor, type AutoencoderKLConfig } from "../models/index.ts";
import { pictureSize } from "./picture-size.ts";
import { namesScaling } from "./prepare.ts";
import type { Problem } from "./problems.ts";
import type { ParsedRecipe } from "./schema.ts";

/** What contradicts what. */
export function crossProblems(recipe: ParsedRecipe, config: AutoencoderKLConfig | undefined): Problem[] {
  return [
    ...lengthProblems(recipe),
    ...modelProblems(recipe),
    ...lossProblems(recipe),
    ...scheduleProblems(recipe),
    ...dataProblems(recipe),
    ...phaseProblems(recipe, config === undefined ? 1 : spatialFactor(config)),
    ...(config === undefined ? [] : configProblems(recipe, config)),
  ];
}

const problem = (path: string, message: string): Problem => ({ path: path.split("."), message });

function* lengthProblems({ steps, epochs }: ParsedRecipe): Generator<Problem> {
  if (steps !== null && epochs !== null) {
    yield problem("epochs", `expected steps or epochs, found both (${steps} and ${epochs}); remove one.`);
  }
}

function* modelProblems({ model, loss, validation }: ParsedRecipe): Generator<Problem> {
  const hasLikelihood = model.type === "mlp" && loss.reconstruction.bce === 1;
  if (validation.likelihood_samples !== null && !hasLikelihood) {
    const message = "only an mlp with loss.reconstruction bce has a likelihood to estimate; remove it.";
    yield problem("validation.likelihood_samples", message);
  }
  if (model.type === "mlp") {
    for (const term of ["perceptual", "adversarial", "distillation"] as const) {
      if (loss[term] !== null) {
        yield problem(
          `loss.${term}`,
          `an mlp has no such term; remove it, or use model.type autoencoder_kl.`,
        );
      }
    }
    return;
  }
  if (loss.importance !== null) {
    yield problem("loss.importance", "only an mlp has this bound; remove it, or use model.type mlp.");
  }
  if (model.pretrained === null) {
    if (model.calibrate && namesScaling(model.config ?? {})) {
      const message = "model.config names the scaling, so there is nothing to measure; remove one of them.";
      yield problem("model.calibrate", message);
    }
    for (const key of ["subfolder", "variant", "as"] as const) {
      if (model[key] !== null)
        yield problem(`model.${key}`, "has no meaning without model.pretrained; remove it.");
    }
    return;
  }
  if (model.config !== null) {
    yield problem("model.config", "a pretrained model brings its own config; remove config or pretrained.");
  }
  if (model.initialization !== "pytorch") {
    yield problem(
      "model.initialization",
      "a pretrained model is not initialized; remove this key or pretrained.",
    );
  }
}

function* lossProblems({ loss, data, model, steps }: ParsedRecipe): Generator<Problem> {
  const weights = Object.values(loss.reconstruction);
  if (!weights.some((weight) => weight > 0)) {
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
  if (loss.importance !== null && model.type === "mlp") yield* importanceProblems(loss);
  if (loss.kl.annealing !== "constant" && loss.kl.steps === 0) {
    yield problem(
      "loss.kl.steps",
      `expected the length of the ${loss.kl.annealing} annealing, found 0; write e.g. ${Math.max(1, Math.floor((steps ?? 10_000) / 4))}.`,
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

function* dataProblems({ data, model }: ParsedRecipe): Generator<Problem> {
  const isInFiles = data.type !== "tensors";
  if (isInFiles && data.validation_path !== null && data.validation_count > 0) {
    yield problem(
      "data.validation_count",
      "validation_path is given, so nothing is held out; remove one of them.",
    );
  }
  const shortSide = shortSideOf(data);
  const { channels, height, width } = pictureSize(data);
  if (shortSide !== null && shortSide < height) {
    yield problem("data.short_side", `expected at least data.resolution ${height}, found ${shortSide}.`);
  }
  if (model.type === "mlp" && model.input_size !== channels * height * width) {
    yield problem(
      "model.input_size",
      `expected ${channels * height * width}, the values of a picture (${channels} x ${height} x ${width}), found ${model.input_size}.`,
    );
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

function* configProblems(
  { data, validation }: ParsedRecipe,
  config: AutoencoderKLConfig,
): Generator<Problem> {
  const factor = spatialFactor(config);
  const { channels, height, width } = pictureSize(data);
  const side = [height, width].find((each) => each % factor !== 0);
  if (side !== undefined && "resolution" in data) {
    yield problem(
      "data.resolution",
      `expected a multiple of the model's spatial factor ${factor}, found ${side}; ${multiples(side, factor)}.`,
    );
  } else if (side !== undefined) {
    yield problem(
      "model.config.block_out_channels",
      `expected levels whose factor divides the pictures' ${height} x ${width} pixels, found ${factor}. Each level but the last halves them.`,
    );
  }
  if (validation.resolution !== null && validation.resolution % factor !== 0) {
    const found = validation.resolution;
    yield problem(
      "validation.resolution",
      `expected a multiple of the model's spatial factor ${factor}, found ${found}; ${multiples(found, factor)}.`,
    );
  }
  for (const [key, found] of [
    ["in_channels", config.inChannels],
    ["out_channels", config.outChannels],
  ] as const) {
    if (found !== channels) {
      yield problem(
        `model.config.${key}`,
        `expected the data's ${channels} channels, found ${found}; leave it out.`,
      );
    }
  }
}

/** The multiples of `factor` on both sides of `side`. */
function multiples(side: number, factor: number): string {
  const below = Math.floor(side / factor) * factor;
  return below === 0 ? `write ${factor}` : `write ${below} or ${below + factor}`;
}
