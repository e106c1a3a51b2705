/** The config of a single file: from its tensors, and from what the caller gives beside it. */
import { VaekitError } from "../errors.ts";
import type { FromSingleFileOptions } from "./opening-options.ts";
import { readJsonFile } from "../files/node/index.ts";
import {
  configFromTensors,
  readConfig,
  type AutoencoderKLConfig,
  type GivenConfig,
  type ReadConfig,
  type TensorShapes,
} from "../models/index.ts";

/**
 * The config of a single file.
 *
 * @param tensors under diffusers' names.
 * @param options what the caller gives: a family, and keys of the config or the path of a config.json.
 * @throws INVALID_CONFIG, UNSUPPORTED, WEIGHTS_MISMATCH as configFromTensors; NOT_FOUND, IO, INVALID_FILE as
 *   readJsonFile.
 */
export async function singleFileConfig(
  path: string,
  tensors: TensorShapes,
  { as, config }: Pick<FromSingleFileOptions, "as" | "config">,
): Promise<{ config: AutoencoderKLConfig; warnings: string[] }> {
  return configFromTensors(tensors, { as, given: await readGivenConfig(config) }, path);
}

async function readGivenConfig(config: GivenConfig | string | undefined): Promise<ReadConfig | undefined> {
  if (config === undefined) return undefined;
  if (typeof config !== "string") return readConfig(config, "config", "object");
  if (config === "")
    throw new VaekitError("INVALID_ARGUMENT", "config: expected a path, found an empty one.");
  return readConfig(await readJsonFile(config), config, "given file");
}
