/** Whether an object describes a class of autoencoder: every member that there must be, of its kind. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";
import type { ModelNames } from "./names.ts";
import type {
  CheckpointTolerance,
  ConfigSchema,
  LikelihoodBeside,
  ModelFacts,
  TileDecoder,
  VaeModel,
  WeightsAlone,
} from "./model.ts";

interface MemberKind {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

const method: MemberKind = { expected: "a function", fits: (value) => typeof value === "function" };
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const text: MemberKind = { expected: "a text that is not empty", fits: isText };
const texts: MemberKind = {
  expected: "a list of texts",
  fits: (value) => Array.isArray(value) && value.every(isText),
};
const object: MemberKind = {
  expected: "an object",
  fits: (value) => typeof value === "object" && value !== null,
};
const optional = ({ expected, fits }: MemberKind): MemberKind => ({
  expected: `${expected}, or nothing`,
  fits: (value) => value === undefined || fits(value),
});

const count: MemberKind = {
  expected: "a whole number above 0",
  fits: (value) => Number.isSafeInteger(value) && Number(value) > 0,
};
const nameOf = (...names: readonly string[]): MemberKind => ({
  expected: names.map((name) => `"${name}"`).join(" or "),
  fits: (value) => names.some((name) => name === value),
});

type Kinds<T> = { readonly [K in keyof Required<T>]: MemberKind };

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
  alone: optional(object),
  hidesDamage: optional({ expected: "true or false", fits: (value) => typeof value === "boolean" }),
};

const configKinds: Kinds<ConfigSchema<object>> = { keys: texts, parse: method, format: method };

const likelihoodKinds: Kinds<LikelihoodBeside<object>> = { shapes: method, decoder: method };

const aloneKinds: Kinds<WeightsAlone<object>> = { recognizes: method, infer: method };

const toleranceKinds: Kinds<CheckpointTolerance> = { mayLack: method, alsoFits: method };

const tileDecoderKinds: Kinds<TileDecoder<object>> = { graph: method, finished: method };

const namesKinds: Kinds<ModelNames> = {
  updated: method,
  ofFile: method,
  shape: optional(method),
  parts: optional(method),
};

const factKinds: Kinds<ModelFacts> = {
  inChannels: count,
  outChannels: count,
  latentChannels: count,
  spatialFactor: count,
  sizes: nameOf("down", "up", "refused"),
  layout: nameOf("planes", "rows"),
  isOfFrames: optional({ expected: "true or false", fits: (value) => typeof value === "boolean" }),
  pictureMultiple: optional(count),
  pixelRange: nameOf("signed", "unit"),
  tiles: optional(object),
};

/** @throws INVALID_ARGUMENT unless a class says of a config what there is to say, each fact of its kind. */
export function checkFacts(facts: unknown, className: string): asserts facts is ModelFacts {
  checkMembers<ModelFacts>(facts, factKinds, `${className}: facts`, "ModelFacts");
}

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
  if (model.alone !== undefined) checkMembers(model.alone, aloneKinds, `${subject}: alone`);
}

function checkMembers<T>(
  value: unknown,
  kinds: Kinds<T>,
  subject: string,
  kind = "a VaeModel",
): asserts value is T {
  if (typeof value !== "object" || value === null) {
    throw invalid(`${subject}: expected ${kind}, found ${describeValue(value)}.`);
  }
  for (const [name, { expected, fits }] of Object.entries<MemberKind>(kinds)) {
    const member: unknown = Reflect.get(value, name);
    if (!fits(member))
      throw invalid(`${subject}: ${name}: expected ${expected}, found ${describeValue(member)}.`);
  }
}

const invalid = (message: string): VaekitError => new VaekitError("INVALID_ARGUMENT", message);
