/**
 * The config of a VAE that comes without config.json, read from the shapes of its weights. What shapes
 * cannot tell, the scaling of its latents, comes from a named family or from the caller; it is never guessed,
 * because a wrong guess decodes to washed-out pictures instead of failing.
 */
import { VaekitError } from "../../errors.ts";
import { describeValue } from "../../util/describe-value.ts";
import { withDefaults, type AutoencoderKLConfig } from "./keys.ts";
import { describeFound } from "../config-checks.ts";
import type { TensorShapes } from "../model.ts";
import { familyNames, modelFamilies, type FamilyPreset, type ModelFamily } from "./families.ts";
import { inferArchitecture, type Architecture } from "./infer-architecture.ts";

/**
 * The whole config of a VAE without config.json.
 *
 * @param tensors the weights under diffusers' names.
 * @param as the family whose scaling and shift factors hold.
 * @param subject what to call the weights in messages: their path.
 * @throws INVALID_CONFIG when shapes leave a choice (4 latent channels: sd1 or sdxl; 16: sd3 or flux1) and `as`
 *   is not given, when `as` does not fit the shapes, or when no family fits them.
 * @throws UNSUPPORTED when the weights are those of another model class.
 * @throws WEIGHTS_MISMATCH when weights are missing that every AutoencoderKL has.
 */
export function inferConfig(
  tensors: TensorShapes,
  as?: ModelFamily,
  subject = "weights",
): AutoencoderKLConfig {
  checkTensors(tensors, subject);
  const architecture = inferArchitecture(tensors, subject);
  const { scalingFactor, shiftFactor, sampleSize } = modelFamilies[chooseFamily(architecture, as, subject)];
  return withDefaults({ ...architecture, scalingFactor, shiftFactor, sampleSize }, subject);
}

function checkTensors(tensors: unknown, subject: string): void {
  const hasShape = (tensor: unknown): boolean =>
    typeof tensor === "object" && tensor !== null && Array.isArray(Reflect.get(tensor, "shape"));
  if (tensors instanceof Map && [...tensors.values()].every(hasShape)) return;
  const message = `${subject}: expected a Map of names to tensors with shapes, found ${describeValue(tensors)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** @throws INVALID_CONFIG when `as` is given and no family. */
export function checkFamily(as: unknown): void {
  if (as === undefined || familyNames.some((name) => name === as)) return;
  throw new VaekitError(
    "INVALID_CONFIG",
    `Expected \`as\` to be one of ${familyNames.join(", ")}, found ${describeFound(as)}.`,
  );
}

/** The only family that these shapes fit, if it is one. */
export function onlyFamily(architecture: Architecture): ModelFamily | undefined {
  const [first, second] = candidatesFor(architecture);
  return second === undefined ? first : undefined;
}

function candidatesFor(architecture: Architecture): ModelFamily[] {
  return familyNames.filter((name) => fits(modelFamilies[name], architecture));
}

/**
 * The family that the shapes or the caller say.
 *
 * @throws INVALID_CONFIG when none fits, several do, or `as` does not.
 */
export function chooseFamily(
  architecture: Architecture,
  as: ModelFamily | undefined,
  subject: string,
): ModelFamily {
  checkFamily(as);
  const candidates = candidatesFor(architecture);
  const [first, second] = candidates;
  const found = `${subject} has ${describeLatents(architecture)}`;
  if (as !== undefined) {
    if (candidates.includes(as)) return as;
    const remedy = first === undefined ? "Pass `config`." : `Its shapes fit ${candidates.join(" and ")}.`;
    throw new VaekitError("INVALID_CONFIG", `Expected ${describeExpected(as)}; ${found}. ${remedy}`);
  }
  if (first === undefined) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `${found}, as no family that vaekit knows (${familyNames.join(", ")}): its scaling factor cannot be told from the file. Pass \`config\`.`,
    );
  }
  if (second === undefined) return first;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${found}: that is ${candidates.map(describeFamily).join(" or ")}, and only the scaling tells them apart. ` +
      `Pass \`config\`, or ${candidates.map((family) => `\`as: "${family}"\``).join(" or ")}.`,
  );
}

function fits(family: FamilyPreset, architecture: Architecture): boolean {
  return (
    architecture.latentChannels === family.latentChannels &&
    architecture.useQuantConv === family.hasQuantConvs &&
    architecture.usePostQuantConv === family.hasQuantConvs
  );
}

function describeExpected(as: ModelFamily): string {
  const { label, latentChannels, hasQuantConvs } = modelFamilies[as];
  const latents = { latentChannels, useQuantConv: hasQuantConvs, usePostQuantConv: hasQuantConvs };
  return `${describeLatents(latents)} for \`as: "${as}"\` (${label})`;
}

function describeFamily(name: ModelFamily): string {
  const { label, scalingFactor, shiftFactor } = modelFamilies[name];
  const shift = shiftFactor === null ? "" : `, shift factor ${shiftFactor}`;
  return `${name} (${label}, scaling factor ${scalingFactor}${shift})`;
}

function describeLatents(
  parts: Pick<AutoencoderKLConfig, "latentChannels" | "useQuantConv" | "usePostQuantConv">,
): string {
  const { useQuantConv, usePostQuantConv } = parts;
  const quant = useQuantConv
    ? usePostQuantConv
      ? "with quant_conv and post_quant_conv"
      : "with quant_conv only"
    : usePostQuantConv
      ? "with post_quant_conv only"
      : "without quant_conv";
  return `${parts.latentChannels} latent channels ${quant}`;
}
