/** What was read of a model, joined to what a Vae is made of: whole, one half alone, or two halves from different places. */
import { VaekitError } from "../errors.ts";
import type { Buffers, VaeModel } from "../models/index.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import { storeInMemory, type FoundTensor } from "../tensor/stored-tensor.ts";
import { checkHalvesFit, halfNames } from "./halves.ts";
import {
  freshBuffers,
  matchWeights,
  neededBuffers,
  readBuffers,
  unexpectedWarning,
  type ModelWeights,
} from "./model-weights.ts";
import { matchLikelihood, type FoundLikelihood } from "./likelihood-weights.ts";
import type { Half } from "./options.ts";
import type { VaeParts } from "./vae.ts";

/** A model's config and the tensors beside it, as they were found in one place. */
export interface LoadedModel {
  /** For messages and provenance: where it came from. */
  readonly name: string;
  readonly model: VaeModel;
  readonly config: object;
  /** Under diffusers' names. */
  readonly tensors: ReadonlyMap<string, FoundTensor>;
  /** Those of the tensors that no graph takes, in memory. @default none */
  readonly buffers?: Buffers;
  /** The scale of its pixels' distribution. @default none */
  readonly likelihood?: FoundLikelihood | undefined;
}

/**
 * A model as it was found, with the config that belongs to its tensors, and with its buffers read.
 *
 * @throws INVALID_FILE, IO as readBuffers, and INVALID_FILE for buffers that no latents can be scaled by; UNSUPPORTED for
 *   tensors of an architecture that the class does not have
 */
export async function withBuffers(found: LoadedModel): Promise<LoadedModel> {
  const { name, model, tensors } = found;
  const config = model.amended?.(found.config, tensors, name) ?? found.config;
  const loaded = { ...found, config, buffers: await readBuffers(model, config, tensors) };
  checkScaling(loaded);
  return loaded;
}

/** Numbers that no latents can be scaled by are said when a model is opened, not after its first picture. */
function checkScaling({ name, model, config, buffers }: LoadedModel & { readonly buffers: Buffers }): void {
  const needed = neededBuffers(model, config);
  if (needed.length === 0 || !needed.every((each) => buffers.has(each))) return;
  try {
    model.scaling(config, buffers);
  } catch (error) {
    if (!(error instanceof VaekitError)) throw error;
    throw new VaekitError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

/** A model with weights in memory and the buffers of a fresh one. */
export function freshModel(model: VaeModel, config: object, generator: BaseGenerator): LoadedModel {
  const buffers = freshBuffers(model, config);
  const tensors = [...model.initialize(config, generator), ...buffers];
  return {
    name: "random weights",
    model,
    config,
    tensors: new Map(tensors.map(([name, tensor]) => [name, storeInMemory(name, tensor)])),
    buffers,
  };
}

/** A model as it was opened; a runtime is still missing. */
export type OpenedModel = Pick<VaeParts, "name" | "model" | "config" | "halves" | "weights">;

/**
 * The model with both halves.
 *
 * @throws WEIGHTS_MISMATCH, INVALID_FILE as matchWeights, and for a half alone, which openVae opens.
 */
export function wholeModel(loaded: LoadedModel): OpenedModel {
  const { name, model, config, tensors, buffers } = loaded;
  const likelihood = matchLikelihood(model, config, loaded.likelihood);
  const [half, other] = halvesIn(loaded);
  if (half !== undefined && other === undefined) {
    throw new VaekitError(
      "WEIGHTS_MISMATCH",
      `${name}: expected a whole ${model.className}, found its ${half} alone. openVae opens a half, or two of them as one model.`,
    );
  }
  const weights = { ...matchWeights(model, config, tensors, name, { buffers }), likelihood };
  return { name, model, config, weights };
}

/** The model with the halves that are there. @throws WEIGHTS_MISMATCH, INVALID_FILE as matchWeights */
export function modelOrHalf(loaded: LoadedModel): OpenedModel {
  const [half, other] = halvesIn(loaded);
  return half !== undefined && other === undefined ? halfModel(loaded, half) : wholeModel(loaded);
}

/**
 * One half of what was read, whether the other is there or not.
 *
 * @throws WEIGHTS_MISMATCH when it is the other half alone, and as matchWeights; INVALID_FILE
 */
export function halfModel(loaded: LoadedModel, half: Half): OpenedModel {
  const { name, model, config, tensors, buffers } = loaded;
  const found = halvesIn(loaded);
  if (found.length === 1 && found[0] !== half) {
    throw new VaekitError(
      "WEIGHTS_MISMATCH",
      `${name}: expected the ${half} of a model, found its ${found[0]!} alone.`,
    );
  }
  const ofBoth = model.parameterShapes(config);
  const shapes = model.parameterShapes(config, half);
  const ofHalf = [...tensors].filter(([key]) => shapes.has(key) || !ofBoth.has(key));
  const likelihood = half === "decoder" ? matchLikelihood(model, config, loaded.likelihood) : undefined;
  const weights = { ...matchWeights(model, config, new Map(ofHalf), name, { half, buffers }), likelihood };
  return { name, model, config, halves: { [half]: config }, weights };
}

/**
 * Two halves as one model.
 *
 * @param subject the call, for messages.
 * @throws INVALID_ARGUMENT when they do not fit each other, and as {@link halfModel}.
 */
export function pairedModel(subject: string, loaded: Readonly<Record<Half, LoadedModel>>): OpenedModel {
  checkHalvesFit(subject, loaded.encoder, loaded.decoder);
  const encoder = halfModel(loaded.encoder, "encoder");
  const decoder = halfModel(loaded.decoder, "decoder");
  const { model } = encoder;
  const parts = {
    name: `${encoder.name} + ${decoder.name}`,
    model,
    weights: joined(encoder.weights, decoder.weights),
  };
  const config = model.paired?.(encoder.config, decoder.config);
  if (config !== undefined) return { ...parts, config };
  return {
    ...parts,
    config: encoder.config,
    halves: { encoder: encoder.config, decoder: decoder.config },
  };
}

/** @param expected the name of the class. @throws INVALID_CONFIG with the class that it is, and what opens it. */
export function checkClass(model: VaeModel, expected: string, subject: string): void {
  if (model.className === expected) return;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: expected an ${expected}, found a model of the class ${model.className}. openVae opens it, as every class that vaekit reads.`,
  );
}

/** What to tell of tensors that nothing uses. */
export function warningsOf({ name, model, weights }: OpenedModel): string[] {
  const { unexpected } = weights;
  return unexpected.length === 0 ? [] : [unexpectedWarning(unexpected, model.className, name)];
}

/** @param a the encoder's. @param b the decoder's. */
function joined(a: ModelWeights, b: ModelWeights): ModelWeights {
  return {
    parameters: new Map([...a.parameters, ...b.parameters]),
    // The encoder's, where both halves have them.
    buffers: new Map([...b.buffers, ...a.buffers]),
    unexpected: [...a.unexpected, ...b.unexpected],
    likelihood: b.likelihood,
  };
}

/** The halves of which there is any tensor. */
function halvesIn({ model, config, tensors }: LoadedModel): Half[] {
  return halfNames.filter((half) =>
    [...model.parameterShapes(config, half).keys()].some((name) => tensors.has(name)),
  );
}
