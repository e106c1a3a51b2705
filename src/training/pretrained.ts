/** The models that a recipe names: what training starts from, and what it learns from. */
import { VaekitError } from "../errors.ts";
import { placeOf } from "../hub/node/model-place.ts";
import type { ModelFamily } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkFiniteWeights } from "../vae/non-finite.ts";
import { AutoencoderKL } from "../node/autoencoder-kl.ts";
import { AutoencoderTiny } from "../node/autoencoder-tiny.ts";
import { VQModel } from "../node/vq-model.ts";

export interface OpenPretrainedOptions {
  readonly subfolder?: string | null;
  readonly variant?: string | null;
  readonly as?: ModelFamily | null;
  /** Told what is odd but no error. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** An AutoencoderTiny from a folder, a single file or a hub id. @throws as {@link openPretrained}. */
export async function openPretrainedTiny(
  source: string,
  options: Omit<OpenPretrainedOptions, "as">,
): Promise<AutoencoderTiny> {
  const { isFile, place, warnings } = await placeOfModel(source, options);
  return isFile
    ? AutoencoderTiny.fromSingleFile(source, warnings)
    : AutoencoderTiny.fromPretrained(source, { ...place, ...warnings });
}

/** A VQModel from a folder, a single file or a hub id. @throws as {@link openPretrained}. */
export async function openPretrainedVQModel(
  source: string,
  options: Omit<OpenPretrainedOptions, "as">,
): Promise<VQModel> {
  const { isFile, place, warnings } = await placeOfModel(source, options);
  return isFile
    ? VQModel.fromSingleFile(source, warnings)
    : VQModel.fromPretrained(source, { ...place, ...warnings });
}

/**
 * Opens a folder, a single file or a hub id.
 *
 * @throws NOT_FOUND when it is none of them; INVALID_CONFIG when an option is for another kind of source; and what
 *   opening throws.
 */
export async function openPretrained(source: string, options: OpenPretrainedOptions): Promise<AutoencoderKL> {
  const { isFile, place, family, warnings } = await placeOfModel(source, options);
  if (isFile) return AutoencoderKL.fromSingleFile(source, { ...family, ...warnings });
  return AutoencoderKL.fromPretrained(source, { ...place, ...warnings });
}

/** What of the options is for such a source. @throws INVALID_CONFIG when one of them is for another kind. */
async function placeOfModel(
  source: string,
  { subfolder = null, variant = null, as = null, onNote }: OpenPretrainedOptions,
) {
  const isFile = (await placeOf(source)) === "file";
  const unread = isFile ? { subfolder, variant } : { as };
  for (const [key, value] of Object.entries(unread)) {
    if (value === null) continue;
    const kinds = isFile
      ? "a folder or a hub id, found a single file"
      : "a single file, found a folder or a hub id";
    throw new VaekitError("INVALID_CONFIG", `model.${key}: it is for ${kinds}: ${source}. Remove it.`);
  }
  return {
    isFile,
    place: { ...(subfolder === null ? {} : { subfolder }), ...(variant === null ? {} : { variant }) },
    family: as === null ? {} : { as },
    warnings: onNote === undefined ? {} : { onWarning: onNote },
  };
}

/** Every parameter. @throws NOT_FINITE rather than to train beside damaged weights. */
export async function finiteWeights(
  vae: AutoencoderKL | AutoencoderTiny | VQModel,
): Promise<Map<string, Tensor>> {
  const tensors = await vae.stateDict();
  checkFiniteWeights(vae.name, tensors);
  return tensors;
}
