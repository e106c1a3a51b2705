/** Models that are one half alone, or two halves from different places: what each can do, and whether two fit. */
import { VaekitError } from "../errors.ts";
import { describeScaling, sameScaling, type LatentScaling } from "../latents/scaling.ts";
import type { Buffers, ModelFacts, VaeModel } from "../models/index.ts";
import { neededBuffers } from "./model-weights.ts";
import type { Half } from "./options.ts";

/** A config for each half that is there. */
export type HalfConfigs<Config> = Readonly<Partial<Record<Half, Config>>>;

/** One half, as it was opened. */
export interface OpenedHalf {
  /** Where it came from, for messages. */
  readonly name: string;
  readonly model: VaeModel;
  readonly config: object;
  /** Those of its tensors that no graph takes. @default none */
  readonly buffers?: Buffers;
}

const otherHalf: { readonly [H in Half]: Half } = { encoder: "decoder", decoder: "encoder" };

export const halfNames = ["encoder", "decoder"] as const satisfies readonly Half[];

/** Facts of each half's own, as far as they differ. */
export function factsOf<Config extends object>(
  model: VaeModel<Config>,
  { encoder, decoder }: HalfConfigs<Config>,
): ModelFacts {
  if (encoder === undefined || decoder === undefined || encoder === decoder) {
    return model.facts((encoder ?? decoder)!);
  }
  return { ...model.facts(encoder), outChannels: model.facts(decoder).outChannels };
}

/** @throws UNSUPPORTED when a half is asked for that is not there, with the call that needs it. */
export function configOfHalf<Config>(
  name: string,
  configs: HalfConfigs<Config>,
  half: Half,
  call: string,
): Config {
  const config = configs[half];
  if (config !== undefined) return config;
  const there = otherHalf[half];
  throw new VaekitError(
    "UNSUPPORTED",
    `${name}: ${call} needs the ${half}; this model is its ${there} alone. Open both halves: openVae({ encoder: …, decoder: … }).`,
  );
}

/** @throws UNSUPPORTED when the halves' texts differ. */
export function commonText<Config>(
  name: string,
  configs: HalfConfigs<Config>,
  textOf: (config: Config) => string,
): string {
  const texts = new Set(
    halfNames.flatMap((half) => (configs[half] === undefined ? [] : textOf(configs[half]))),
  );
  const [text] = texts;
  if (text !== undefined && texts.size === 1) return text;
  throw new VaekitError(
    "UNSUPPORTED",
    `${name}: expected one config for both halves, found one for each, which no config.json holds. Open each half alone, and save it to a folder of its own.`,
  );
}

/** What to say of a half alone without the statistics that its class scales latents by. */
export function withoutBuffers(
  name: string,
  halves: readonly Half[],
  missing: readonly string[],
): VaekitError {
  const [half = "decoder", other] = halves;
  const needs = `${name}: the scaling of latents needs ${missing.join(" and ")}, which`;
  if (other !== undefined) {
    return new VaekitError("UNSUPPORTED", `${needs} neither half has. Open halves of which one has them.`);
  }
  return new VaekitError(
    "UNSUPPORTED",
    `${needs} are not with this ${half}. Open it together with the ${otherHalf[half]} that has them: openVae({ encoder: …, decoder: … }). Latents of the model's own scale need none.`,
  );
}

/** @throws INVALID_ARGUMENT with both values when latents of one half mean nothing to the other. */
export function checkHalvesFit(subject: string, encoder: OpenedHalf, decoder: OpenedHalf): void {
  const refuse = (trait: string, ofEncoder: string, ofDecoder: string): never => {
    const found = ofEncoder === ofDecoder ? `${ofEncoder}, of other numbers` : ofEncoder;
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected two halves of one kind, but they differ in ${trait}: the encoder ${encoder.name} has ${found}, the decoder ${decoder.name} ${ofDecoder}. Pair halves that were trained for each other's latents.`,
    );
  };
  const ofDecoder = traitsOf(decoder);
  for (const [trait, value] of traitsOf(encoder)) {
    const other = ofDecoder.get(trait)!;
    if (value !== other) refuse(trait, value, other);
  }
  const scalings = [encoder, decoder].map(scalingOf);
  const [ours, theirs] = scalings;
  if (ours === undefined || theirs === undefined || sameScaling(ours, theirs)) return;
  refuse("the scaling of latents", describeScaling(ours), describeScaling(theirs));
}

/** What both halves of a model have in common, in the order in which a difference is told. */
function traitsOf({ model, config }: OpenedHalf): Map<string, string> {
  const { latentChannels, spatialFactor, pixelRange } = model.facts(config);
  return new Map([
    ["class", model.className],
    ["latent channels", String(latentChannels)],
    ["pixels per latent", String(spatialFactor)],
    ["the range of pixels", pixelRange],
  ]);
}

/** Undefined where the half came without the statistics that say it: the other one has them. */
function scalingOf({ model, config, buffers = new Map() }: OpenedHalf): LatentScaling | undefined {
  const isThere = neededBuffers(model, config).every((name) => buffers.has(name));
  return isThere ? model.scaling(config, buffers) : undefined;
}
