/** What files hold of a model, checked: its class, its config and its tensors, whatever the platform read them from. */
import { modelNamed, type GivenSources, type VaeModel } from "../models/index.ts";
import type { DiffusersFolder, LikelihoodFile, SingleFile } from "../weights/index.ts";
import type { FoundLikelihood } from "./likelihood-weights.ts";
import { checkClass, withBuffers, type LoadedModel } from "./opened.ts";

/** A model, and what is odd about its files. */
export interface ReadModel {
  readonly loaded: LoadedModel;
  readonly warnings: readonly string[];
}

/** @param name what to call the model. @throws INVALID_CONFIG, INVALID_FILE, IO */
export async function modelOfFolder(name: string, found: DiffusersFolder): Promise<ReadModel> {
  const { model, configJson, configPath, checkpoint } = found;
  const { config, warnings } = model.config.parse(configJson, configPath);
  const likelihood = found.likelihood && (await likelihoodOf(found.likelihood));
  return {
    loaded: await withBuffers({ name, model, config, tensors: checkpoint.tensors, likelihood }),
    warnings: [...found.warnings, ...warnings],
  };
}

async function likelihoodOf({ path, tensors, metadata }: LikelihoodFile): Promise<FoundLikelihood> {
  const { parseLikelihoodMetadata } = await import("../models/likelihood-file.ts");
  return { name: path, tensors, pixels: parseLikelihoodMetadata(metadata, path) };
}

/** What a caller says of a single file. */
export interface GivenForFile {
  readonly sources: GivenSources;
  /** The name of the only class that will do, where there is one. */
  readonly expected?: string | undefined;
}

/** @throws INVALID_CONFIG when nothing says the config, or it is another class's; INVALID_FILE, IO */
export async function modelOfSingleFile(
  name: string,
  { model, checkpoint, ...found }: SingleFile,
  { sources, expected }: GivenForFile,
): Promise<ReadModel> {
  if (expected !== undefined) checkClass(model, expected, name);
  const { tensors } = checkpoint;
  // A class that is known by its tensors says how its config is.
  const alone = await model.alone!();
  const { config, warnings } = alone.infer(tensors, sources, name);
  const loaded = await withBuffers({ name, model, config, tensors });
  return { loaded, warnings: [...found.warnings, ...warnings] };
}

/** The class that a given config names. */
export async function classOf({ config }: GivenSources): Promise<VaeModel | undefined> {
  const json = config?.json;
  return typeof json === "object" && json !== null && "_class_name" in json
    ? modelNamed(json._class_name)
    : undefined;
}
