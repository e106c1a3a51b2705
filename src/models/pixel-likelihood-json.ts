/** p(x|z) as JSON: in the config.json of an MLP, and beside an AutoencoderKL. */
import { VaekitError } from "../errors.ts";
import {
  hasScale,
  maxCategoricalLevels,
  scaledDistributions,
  scaleKinds,
  type PixelLikelihood,
  type ScaledPixels,
} from "../latents/pixel-likelihood.ts";
import {
  describeFound,
  describeRefusal,
  nullable,
  oneOf,
  positiveInteger,
  positiveNumber,
  type Check,
} from "./config-checks.ts";

/** Levels of 16 bits. */
const maxLevels = 65_536;

/**
 * Reads what {@link formatPixelLikelihood} gives.
 *
 * @param subject what to call it in messages.
 * @throws INVALID_CONFIG when a value is wrong or missing, or the bound is not below the scale.
 */
export function parsePixelLikelihood(json: unknown, subject: string): PixelLikelihood {
  const read = reader(json, subject);
  const distribution = read("distribution", oneOf([...scaledDistributions, "categorical"]));
  if (distribution !== "categorical") return parseScaledPixels(json, subject);
  return { distribution, levels: read("levels", levelCount) };
}

/** The same of a distribution with a scale only. */
export function parseScaledPixels(json: unknown, subject: string): ScaledPixels {
  const read = reader(json, subject);
  const likelihood = {
    distribution: read("distribution", oneOf(scaledDistributions)),
    scale: read("scale", oneOf(scaleKinds)),
    initialScale: read("initial_scale", positiveNumber),
    minScale: read("min_scale", nullable(positiveNumber)),
    levels: read("levels", nullable(positiveInteger(maxLevels))),
  };
  const { scale, initialScale, minScale } = likelihood;
  if (minScale === null ? scale !== "fixed" : minScale >= initialScale) {
    throw wrong(
      `${subject}: min_scale: expected a number below initial_scale ${initialScale}, found ${minScale}.`,
    );
  }
  return likelihood;
}

/** Reads a key that must be there. */
function reader(json: unknown, subject: string): <T>(key: string, check: Check<T>) => T {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw wrong(`${subject}: expected keys such as distribution and scale, found ${describeFound(json)}.`);
  }
  return (key, check) => {
    const value: unknown = Reflect.get(json, key);
    const result = check(value);
    if ("value" in result) return result.value;
    throw wrong(`${subject}: ${key}: ${describeRefusal(result, value)}.`);
  };
}

/** One level leaves nothing to say. */
const levelCount: Check<number> = (value) =>
  value === 1 ? { expected: "a whole number of at least 2" } : positiveInteger(maxCategoricalLevels)(value);

/** The keys as files have them. */
export function formatPixelLikelihood(likelihood: PixelLikelihood): Record<string, unknown> {
  if (!hasScale(likelihood)) return { distribution: likelihood.distribution, levels: likelihood.levels };
  const { distribution, scale, initialScale, minScale, levels } = likelihood;
  return { distribution, scale, initial_scale: initialScale, min_scale: minScale, levels };
}

const wrong = (message: string): VaekitError => new VaekitError("INVALID_CONFIG", message);
