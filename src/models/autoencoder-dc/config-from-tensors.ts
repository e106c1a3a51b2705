/**
 * The config of weights that come without one: what their shapes say; of one half alone, the other is taken to mirror it. The
 * latents' scaling leaves no trace in a file. Sana's is known by its shapes; models for ImageNet and for mixed pictures have the same
 * ones.
 */
import { VaekitError } from "../../errors.ts";
import { describeFound } from "../config-checks.ts";
import { readKeys, refuseContradictions, type ReadKeys } from "../config-keys.ts";
import type { GivenSources, ParsedConfig, TensorShapes } from "../model.ts";
import { completedDC, stagesOf } from "./config.ts";
import { halvesThere, keysOfHalf } from "./infer-stages.ts";
import { dcDefaults, dcTable, type AutoencoderDCConfig } from "./keys.ts";

export { areDCTensors } from "./infer-stages.ts";

/** @throws INVALID_CONFIG when nothing says the scaling, or the caller contradicts the shapes; WEIGHTS_MISMATCH */
export function dcConfigFromTensors(
  tensors: TensorShapes,
  { as, config: given }: GivenSources,
  subject: string,
): ParsedConfig<AutoencoderDCConfig> {
  if (as !== undefined) {
    const message = `${subject}: \`as\` names a family of AutoencoderKLs, found ${describeFound(as)} for an AutoencoderDC. Pass its scaling_factor as \`config\` instead.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  const read: Omit<ReadKeys<AutoencoderDCConfig>, "isWhole"> = given === undefined
    ? { values: {}, warnings: [] }
    : readKeys(given.json, given.subject, given.isFile ? "given file" : "object", dcTable);
  const there = halvesThere(tensors);
  const said = Object.assign(
    {},
    ...there.map((half) => keysOfHalf(tensors, half, subject)),
  ) as Partial<AutoencoderDCConfig>;
  refuseContradictions<AutoencoderDCConfig>(said, keysThatShapesSay(said), inFull(read.values), subject);
  const mirrored = there.length === 2 ? {} : mirror(said);
  const values = { ...mirrored, ...said, ...read.values };
  const config = completedDC({ ...values, scalingFactor: read.values.scalingFactor ?? 1 }, subject);
  if (read.values.scalingFactor !== undefined) return { config, warnings: read.warnings };
  return { config: { ...config, scalingFactor: knownScaling(config, subject) }, warnings: read.warnings };
}

type Key = keyof AutoencoderDCConfig;

/** Neither the activations, nor what the words for a change of resolution are beside the two that diffusers knows. */
const unsaid: readonly Key[] = ["decoderActFns", "downsampleBlockType", "upsampleBlockType"];

const keysThatShapesSay = (said: Partial<AutoencoderDCConfig>): Key[] =>
  (Object.keys(said) as Key[]).filter((key) => !unsaid.includes(key));

/** One for all stages as one for each, as shapes say it. */
function inFull(values: Partial<AutoencoderDCConfig>): Partial<AutoencoderDCConfig> {
  const full = { ...values };
  const keys = ["encoderBlockTypes", "decoderBlockTypes", "decoderNormTypes"] as const;
  for (const key of keys) {
    const value = values[key];
    const channels =
      key === "encoderBlockTypes" ? values.encoderBlockOutChannels : values.decoderBlockOutChannels;
    if (typeof value !== "string") continue;
    // Without the number of stages there is nothing to compare.
    if (channels === undefined) Reflect.deleteProperty(full, key);
    else Object.assign(full, { [key]: channels.map(() => value) });
  }
  return full;
}

/** The keys of the other half, as those of the half that is there. */
function mirror(said: Partial<AutoencoderDCConfig>): Partial<AutoencoderDCConfig> {
  const parts = ["BlockTypes", "BlockOutChannels", "LayersPerBlock", "QkvMultiscales"] as const;
  const from = said.encoderBlockOutChannels === undefined ? "decoder" : "encoder";
  const to = from === "encoder" ? "decoder" : "encoder";
  return Object.fromEntries(parts.map((part) => [`${to}${part}`, said[`${from}${part}`]]));
}

/** Sana's scaling factor, by what only Sana's models have: a first stage with blocks, and attention at another scale. */
const sanaScaling = 0.41407;

function knownScaling(config: AutoencoderDCConfig, subject: string): number {
  const isSana =
    config.latentChannels === dcDefaults.latentChannels &&
    config.decoderLayersPerBlock[0]! > 0 &&
    stagesOf(config, "decoder").some(({ scales }) => scales.length > 0);
  if (isSana) return sanaScaling;
  const message = `${subject}: scaling_factor is not in the file, and models with the same shapes have different ones. Pass \`config\`: { scalingFactor }. Published: f32c32 in 0.3189, mix 0.4552; f64c128 in 0.2889, mix 0.4538; f128c512 in 0.4883, mix 0.3620.`;
  throw new VaekitError("INVALID_CONFIG", message);
}
