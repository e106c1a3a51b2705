/**
 * likelihood.safetensors: the scale of p(x|z) beside a model's weights. Its metadata say the distribution, its tensors are
 * the scale's parameters. It is a file of its own, so that other programs open the model's folder as ever.
 */
import { VaekitError } from "../errors.ts";
import type { ScaledPixels } from "../latents/pixel-likelihood.ts";
import { formatPixelLikelihood, parseScaledPixels } from "./pixel-likelihood-json.ts";

/** The file's metadata. */
export function likelihoodMetadata(likelihood: ScaledPixels): Record<string, string> {
  return { format: "pt", pixels: JSON.stringify(formatPixelLikelihood(likelihood)) };
}

/**
 * Reads what {@link likelihoodMetadata} gives.
 *
 * @param subject the file's path, for messages.
 * @throws INVALID_CONFIG when they say no likelihood.
 */
export function parseLikelihoodMetadata(
  { pixels }: Readonly<Record<string, string>>,
  subject: string,
): ScaledPixels {
  return parseScaledPixels(parsed(pixels, subject), `${subject}: pixels`);
}

function parsed(text: string | undefined, subject: string): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch (cause) {
    const found = text === undefined ? "none" : "no JSON";
    const message = `${subject}: expected the likelihood of a model's pixels in the metadata (pixels), found ${found}.`;
    throw new VaekitError("INVALID_CONFIG", message, { cause });
  }
}
