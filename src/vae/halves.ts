/** Models that are one half alone, or two halves from different places: what each can do, and whether two fit. */
import { VaekitError } from "../errors.ts";
import { describeScaling } from "../latents/scaling.ts";
import type { ModelFacts, VaeModel } from "../models/index.ts";
import type { Half } from "./options.ts";

/** A config for each half that is there. */
export type HalfConfigs<Config> = Readonly<Partial<Record<Half, Config>>>;

/** One half, as it was opened. */
export interface OpenedHalf {
  /** Where it came from, for messages. */
  readonly name: string;
  readonly model: VaeModel;
  readonly config: object;
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

/** @throws INVALID_ARGUMENT with both values when latents of one half mean nothing to the other. */
export function checkHalvesFit(subject: string, encoder: OpenedHalf, decoder: OpenedHalf): void {
  const ofDecoder = traitsOf(decoder);
  for (const [trait, { value, text }] of traitsOf(encoder)) {
    const other = ofDecoder.get(trait)!;
    if (value === other.value) continue;
    const found = text === other.text ? `${text}, of other numbers` : text;
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected two halves of one kind, but they differ in ${trait}: the encoder ${encoder.name} has ${found}, the decoder ${decoder.name} ${other.text}. Pair halves that were trained for each other's latents.`,
    );
  }
}

interface Trait {
  /** Equal for what is equal. */
  readonly value: string;
  readonly text: string;
}

/** What both halves of a model have in common, in the order in which a difference is told. */
function traitsOf({ model, config }: OpenedHalf): Map<string, Trait> {
  const facts = model.facts(config);
  const scaling = model.scaling(config);
  const plain = (text: string): Trait => ({ value: text, text });
  return new Map([
    ["class", plain(model.className)],
    ["latent channels", plain(String(facts.latentChannels))],
    ["pixels per latent", plain(String(facts.spatialFactor))],
    ["the range of pixels", plain(facts.pixelRange)],
    ["the scaling of latents", { value: JSON.stringify(scaling), text: describeScaling(scaling) }],
  ]);
}
