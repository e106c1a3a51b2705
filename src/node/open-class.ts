/** How a class of models opens its own in Node: from a folder or the hub, from a single file, with fresh weights. */
import { VaekitError } from "../errors.ts";
import { placeOf } from "../hub/node/model-place.ts";
import type { VaeModel } from "../models/index.ts";
import { Generator } from "../random/index.ts";
import { checkPath } from "../util/check-options.ts";
import { freshModel, wholeModel } from "../vae/opened.ts";
import type { VaeParts } from "../vae/vae.ts";
import { assemble } from "./assemble.ts";
import { loadFile, loadFolder } from "./load-model.ts";
import { locateFolder } from "./locate.ts";
import {
  checkFromConfigOptions,
  checkFromPretrainedOptions,
  checkFromSingleFileOptions,
  type FromConfigOptions,
  type FromPretrainedOptions,
  type FromSingleFileOptions,
} from "./opening-options.ts";

/**
 * A folder in diffusers' format, or a model of the hub by its id ("org/name"). A folder of that name wins over an id.
 *
 * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
 */
export async function fromPretrained(
  model: VaeModel,
  folderOrId: string,
  options: FromPretrainedOptions,
): Promise<VaeParts> {
  checkFromPretrainedOptions(options);
  checkPath("fromPretrained", folderOrId, "a folder or a hub id");
  const place = await placeOf(folderOrId);
  if (place === "file") {
    const message = `${folderOrId}: expected a model's folder, found a file. Open it with fromSingleFile.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const folder = await locateFolder(folderOrId, place, options, "fromPretrained");
  const { variant } = options;
  const read = await loadFolder(folderOrId, folder, { variant, expected: model.className });
  return assemble(wholeModel(read.loaded), read.warnings, options);
}

/** A single .safetensors file. @throws INVALID_CONFIG when nothing says its config, and as {@link fromPretrained} */
export async function fromSingleFile(
  model: VaeModel,
  path: string,
  options: FromSingleFileOptions,
): Promise<VaeParts> {
  checkFromSingleFileOptions(options);
  checkPath("fromSingleFile", path, "the path of a .safetensors file");
  const read = await loadFile(path, options, { expected: model.className });
  return assemble(wholeModel(read.loaded), read.warnings, options);
}

/** A model with fresh random weights. @param complete gives the whole config, after the options are checked. */
export function fromConfig<Config extends object>(
  model: VaeModel<Config>,
  complete: () => Config,
  options: FromConfigOptions,
): VaeParts {
  checkFromConfigOptions(options);
  const config = complete();
  const generator = options.generator ?? Generator.philox(Math.floor(Math.random() * 2 ** 32));
  const loaded = freshModel(model, config, generator);
  return assemble(wholeModel(loaded), [], options);
}
