/**
 * Latents for a model without a scaling of its own, such as a tiny autoencoder: it decodes what a diffusion model makes,
 * whichever VAE's diffusion model that is.
 */
import { VaekitError } from "../../errors.ts";
import { normalizeLatents, type LatentScaling } from "../../latents/index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { shorten } from "../../util/printable.ts";
import type { LatentsScale } from "./scale.ts";

type Metadata = Readonly<Record<string, string>>;

/**
 * @param scale what was taken for the latents' scale in their file.
 * @param subject the file and the tensor, for messages.
 * @returns normalised latents. Those in the scale of another VAE are normalised by what the file notes of it.
 * @throws INVALID_FILE when they are in that scale and the file notes nothing, or what is no scaling.
 */
export function latentsForNormalized(
  latents: Tensor,
  scale: LatentsScale,
  metadata: Metadata,
  subject: string,
): Tensor {
  const isNormalized = scale.scale === "normalized" && scale.fixedFactor === undefined;
  if (isNormalized || scale.decidedBy === "raw") return latents;
  const scaling = scalingFrom(metadata, latents.shape[1]!, subject);
  if (scaling !== undefined) return normalizeLatents(latents, scaling);
  // Of a model without factors the two scales are one.
  if (metadata.vaekit_version !== undefined) return latents;
  throw new VaekitError(
    "INVALID_FILE",
    `${subject}: expected latents as a diffusion model makes them, which this model decodes, found those of a VAE before they are normalised, and the file does not note by what. Decode them with that VAE, or normalise them with it first (normalizeLatents); pass \`raw\` if they are normalised after all.`,
  );
}

/** The scaling that a file notes, as `latentsMetadata` writes it; undefined where it notes none. */
function scalingFrom(metadata: Metadata, latentChannels: number, subject: string): LatentScaling | undefined {
  const number = (key: string, absent: number): number =>
    metadata[key] === undefined ? absent : Number(metadata[key]);
  const list = (key: string): readonly number[] => numbersIn(metadata[key]!, `${subject}: ${key}`);
  if (metadata.patch_mean !== undefined && metadata.patch_std !== undefined) {
    return { kind: "patchMeanStd", latentChannels, mean: list("patch_mean"), std: list("patch_std") };
  }
  if (metadata.latents_mean !== undefined && metadata.latents_std !== undefined) {
    const mean = list("latents_mean");
    return {
      kind: "meanStd",
      latentChannels,
      mean,
      std: list("latents_std"),
      scalingFactor: number("scaling_factor", 1),
    };
  }
  if (metadata.scaling_factor === undefined) return undefined;
  const [scalingFactor, shiftFactor] = [number("scaling_factor", 1), number("shift_factor", 0)];
  return { kind: "factor", latentChannels, scalingFactor, shiftFactor };
}

function numbersIn(text: string, subject: string): readonly number[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((each) => typeof each === "number")) return list;
  } catch {
    // Said below.
  }
  throw new VaekitError(
    "INVALID_FILE",
    `${subject}: expected a list of numbers, found ${shorten(text, 60)}.`,
  );
}
