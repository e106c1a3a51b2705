/** Reads models from folders and single files: which class they are of, their config, and where their tensors lie. */
import { VaekitError } from "../errors.ts";
import { readJsonFile } from "../files/node/index.ts";
import { modelNamed, type GivenSources, type VaeModel } from "../models/index.ts";
import { checkClass, withBuffers, type LoadedModel } from "../vae/opened.ts";
import { loadDiffusersFolder, loadSingleFile } from "../weights/node/index.ts";
import type { ModelFolder } from "./locate.ts";
import type { FromSingleFileOptions } from "./opening-options.ts";

/** A model, and what is odd about its files. */
export interface ReadModel {
  readonly loaded: LoadedModel;
  readonly warnings: readonly string[];
}

/**
 * @param name what to call the model.
 * @param expected the only class that will do, where there is one.
 * @throws NOT_FOUND, IO, INVALID_CONFIG, INVALID_FILE, UNSUPPORTED
 */
export async function loadFolder(
  name: string,
  { folder, subfolder }: ModelFolder,
  { variant, expected }: { readonly variant?: string | undefined; readonly expected?: VaeModel },
): Promise<ReadModel> {
  const found = await loadDiffusersFolder(folder, { subfolder, variant });
  const { model, configJson, configPath, checkpoint } = found;
  if (expected !== undefined) checkClass(model, expected, configPath);
  const { config, warnings } = model.config.parse(configJson, configPath);
  return {
    loaded: await withBuffers({ name, model, config, tensors: checkpoint.tensors }),
    warnings: [...found.warnings, ...warnings],
  };
}

/**
 * @param given what the caller says of the config, and with its `_class_name` of the class.
 * @param like the class of the other half.
 * @throws as {@link loadFolder}, and INVALID_CONFIG when nothing says the config.
 */
export async function loadFile(
  path: string,
  given: Pick<FromSingleFileOptions, "as" | "config">,
  { expected, like }: { readonly expected?: VaeModel; readonly like?: VaeModel } = {},
): Promise<ReadModel> {
  const sources = await sourcesOf(given);
  const { model, checkpoint, ...found } = await loadSingleFile(path, classOf(sources) ?? like);
  if (expected !== undefined) checkClass(model, expected, path);
  const { tensors } = checkpoint;
  // A class that is known by its tensors says how its config is.
  const { config, warnings } = model.alone!.infer(tensors, sources, path);
  const loaded = await withBuffers({ name: path, model, config, tensors });
  return { loaded, warnings: [...found.warnings, ...warnings] };
}

function classOf({ config }: GivenSources): VaeModel | undefined {
  const json = config?.json;
  return typeof json === "object" && json !== null && "_class_name" in json
    ? modelNamed(json._class_name)
    : undefined;
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
