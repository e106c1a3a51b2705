/** Whether an object describes a class of autoencoder: every member that there must be, of its kind. */
import { checkMembers, object, optional, trueOrFalse, type Kinds, type MemberKind } from "./check-members.ts";
import type { ModelNames } from "./names.ts";
import type { CheckpointTolerance, ConfigSchema, LikelihoodBeside, TileDecoder, VaeModel } from "./model.ts";

const method: MemberKind = { expected: "a function", fits: (value) => typeof value === "function" };
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const text: MemberKind = { expected: "a text that is not empty", fits: isText };
const texts: MemberKind = {
  expected: "a list of texts",
  fits: (value) => Array.isArray(value) && value.every(isText),
};

const modelKinds: Kinds<VaeModel> = {
  className: text,
  aliases: optional(texts),
  config: object,
  facts: method,
  parameterShapes: method,
  encoder: method,
  decoder: method,
  tileDecoder: optional(object),
  tolerance: optional(object),
  pixels: optional(method),
  pixelDecoder: optional(method),
  likelihood: optional(object),
  encoded: method,
  forwardLatents: optional(method),
  amended: optional(method),
  buffers: optional(method),
  scaling: method,
  paired: optional(method),
  initialize: method,
  names: optional(object),
  alone: optional(method),
  hidesDamage: optional(trueOrFalse),
};

const configKinds: Kinds<ConfigSchema<object>> = { keys: texts, parse: method, format: method };

const likelihoodKinds: Kinds<LikelihoodBeside<object>> = { shapes: method, decoder: method };

const toleranceKinds: Kinds<CheckpointTolerance> = { mayLack: method, alsoFits: method };

const tileDecoderKinds: Kinds<TileDecoder<object>> = { graph: method, finished: method };

const namesKinds: Kinds<ModelNames> = {
  updated: method,
  ofFile: method,
  shape: optional(method),
  parts: optional(method),
};

/** @throws INVALID_ARGUMENT unless it has every member of a model, each of its kind. */
export function checkModel(model: unknown, subject: string): asserts model is VaeModel {
  checkMembers<VaeModel>(model, modelKinds, subject);
  checkMembers(model.config, configKinds, `${subject}: config`);
  if (model.tolerance !== undefined) {
    checkMembers(model.tolerance, toleranceKinds, `${subject}: tolerance`);
  }
  if (model.tileDecoder !== undefined) {
    checkMembers(model.tileDecoder, tileDecoderKinds, `${subject}: tileDecoder`);
  }
  if (model.likelihood !== undefined) {
    checkMembers(model.likelihood, likelihoodKinds, `${subject}: likelihood`);
  }
  if (model.names !== undefined) checkMembers(model.names, namesKinds, `${subject}: names`);
}
