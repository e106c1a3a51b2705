/**
 * The config of a single file, from three sources in one order, each over the one before:
 *
 * 1. what the shapes of its tensors say (and what nobody says, diffusers' defaults);
 * 2. the family that the caller names (`as`): scaling, shift and sample size;
 * 3. the keys that the caller gives (`config`).
 *
 * What contradicts the shapes is an error: it belongs to another file.
 */
import { readConfig, scalingWarnings, type ReadConfig } from "./config.ts";
import { withDefaults, type AutoencoderKLConfig } from "./keys.ts";
import { refuseContradictions } from "../config-keys.ts";
import type { GivenSources, ParsedConfig, TensorShapes } from "../model.ts";
import { areOfOtherAutoencoder } from "../other-tensors.ts";
import { inferArchitecture, mirroredKeys, type Architecture } from "./infer-architecture.ts";
import { modelFamilies, type ModelFamily } from "./families.ts";
import { checkFamily, chooseFamily, onlyFamily } from "./infer-config.ts";

/** Whether the tensors are those of an AutoencoderKL, or of one half of it, and of no other autoencoder that is known. */
export const areTensorsOfKL = (tensors: TensorShapes): boolean =>
  ["encoder", "decoder"].some((half) => tensors.has(`${half}.conv_in.weight`)) &&
  !areOfOtherAutoencoder(tensors);

/** As {@link configFromTensors}, of what a caller says of a file. */
export function inferFromTensors(
  tensors: TensorShapes,
  { as, config }: GivenSources,
  subject: string,
): ParsedConfig<AutoencoderKLConfig> {
  // It is checked where it is used.
  const family = as as ModelFamily | undefined;
  if (config === undefined) return configFromTensors(tensors, { as: family }, subject);
  const given = readConfig(config.json, config.subject, config.isFile ? "given file" : "object");
  return configFromTensors(tensors, { as: family, given }, subject);
}

export interface ConfigSources {
  /** The family whose scaling and shift factors hold. */
  readonly as?: ModelFamily | undefined;
  /** What was read of the keys that the caller gives. */
  readonly given?: ReadConfig | undefined;
}

/**
 * The whole config of a VAE without config.json.
 *
 * @param tensors the weights under diffusers' names.
 * @param subject what to call the weights in messages: their path.
 * @returns the config, and warnings about what was assumed.
 * @throws INVALID_CONFIG when nothing says the scaling, or when a family or a key contradicts the shapes;
 *   UNSUPPORTED and WEIGHTS_MISMATCH as inferArchitecture.
 */
export function configFromTensors(
  tensors: TensorShapes,
  { as, given }: ConfigSources,
  subject: string,
): { config: AutoencoderKLConfig; warnings: string[] } {
  checkFamily(as);
  const values = given?.values ?? {};
  const architecture = inferArchitecture(tensors, subject, values.normNumGroups);
  const said = new Set(Object.keys(architecture) as (keyof Architecture)[]);
  mirroredKeys(tensors).forEach((key) => said.delete(key));
  refuseContradictions<AutoencoderKLConfig>(architecture, said, values, subject);
  const isSilent = Object.keys(values).length === 0 && given?.isWhole !== true;
  const family =
    as !== undefined || isSilent ? chooseFamily(architecture, as, subject) : onlyFamily(architecture);
  const preset = family === undefined ? {} : familyValues(family);
  const known = { ...preset, ...values };
  const config = withDefaults({ ...architecture, ...known }, subject);
  const warnings = [...(given?.warnings ?? []), ...openScaling(known, config, subject)];
  return { config, warnings };
}

function familyValues(family: ModelFamily): Partial<AutoencoderKLConfig> {
  const { scalingFactor, shiftFactor, sampleSize } = modelFamilies[family];
  return { scalingFactor, shiftFactor, sampleSize };
}

/**
 * Beside a single file also a whole config.json of Stable Diffusion 1, which has no scaling_factor, gives a warning: its
 * shapes are those of Stable Diffusion XL, and nothing but the caller's word joins the two.
 */
function openScaling(
  known: Partial<AutoencoderKLConfig>,
  config: AutoencoderKLConfig,
  subject: string,
): string[] {
  const warnings = scalingWarnings(known, config, subject);
  const { scalingFactor } = config;
  if (warnings.length > 0 || known.scalingFactor !== undefined || scalingFactor === null) {
    return warnings;
  }
  return [
    `${subject}: nothing says its scaling_factor; diffusers' default ${scalingFactor}, that of Stable Diffusion 1, is assumed. Pass \`as\`, or scaling_factor in the config, if it is another model.`,
  ];
}
