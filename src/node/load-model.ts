/** Reads models from folders and single files: which class they are of, their config, and where their tensors lie. */
import { VaekitError } from "../errors.ts";
import { readJsonFile } from "../files/node/index.ts";
import type { GivenSources, VaeModel } from "../models/index.ts";
import { checkClass } from "../vae/opened.ts";
import { classOf, modelOfFolder, modelOfSingleFile, type ReadModel } from "../vae/read-model.ts";
import { loadDiffusersFolder, loadSingleFile } from "../weights/node/index.ts";
import type { ModelFolder } from "./locate.ts";
import type { FromSingleFileOptions } from "./opening-options.ts";

/**
 * @param name what to call the model.
 * @param expected the name of the only class that will do, where there is one.
 * @throws NOT_FOUND, IO, INVALID_CONFIG, INVALID_FILE, UNSUPPORTED
 */
export async function loadFolder(
  name: string,
  { folder, subfolder }: ModelFolder,
  { variant, expected }: { readonly variant?: string | undefined; readonly expected?: string },
): Promise<ReadModel> {
  const accept = (model: VaeModel, configPath: string): void => {
    if (expected !== undefined) checkClass(model, expected, configPath);
  };
  return modelOfFolder(name, await loadDiffusersFolder(folder, { subfolder, variant, accept }));
}

/**
 * @param given what the caller says of the config, and with its `_class_name` of the class.
 * @param like the class of the other half.
 * @throws as {@link loadFolder}, and INVALID_CONFIG when nothing says the config.
 */
export async function loadFile(
  path: string,
  given: Pick<FromSingleFileOptions, "as" | "config">,
  { expected, like }: { readonly expected?: string; readonly like?: VaeModel } = {},
): Promise<ReadModel> {
  const sources = await sourcesOf(given);
  const found = await loadSingleFile(path, (await classOf(sources)) ?? like);
  return modelOfSingleFile(path, found, { sources, expected });
}

async function sourcesOf({
  as,
  config,
}: Pick<FromSingleFileOptions, "as" | "config">): Promise<GivenSources> {
  if (config === undefined) return { as };
  if (typeof config !== "string") return { as, config: { json: config, subject: "config", isFile: false } };
  if (config === "") {
    throw new VaekitError("INVALID_ARGUMENT", "config: expected a path, found an empty one.");
  }
  return { as, config: { json: await readJsonFile(config), subject: config, isFile: true } };
}
