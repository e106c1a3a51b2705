/** Finds and opens checkpoints on disk: a diffusers folder (config.json beside its weights), or a single file. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { VaekitError } from "../../errors.ts";
import { readError, isFolder, openFileSource } from "../../files/node/index.ts";
import type { VaeModel } from "../../models/index.ts";
import { loadFileSource, type SingleFile } from "../load-file.ts";
import {
  describeNames,
  loadFolderFiles,
  type DiffusersFolder,
  type LoadFolderOptions,
} from "../load-folder.ts";
import type { ModelFiles } from "../model-files.ts";
import { findModelFolder } from "./model-folder.ts";

export interface LoadDiffusersFolderOptions extends LoadFolderOptions {
  /** A folder inside the folder, such as "vae". By default the folder itself, or `vae` where only that holds a model of ours. */
  readonly subfolder?: string | undefined;
}

/**
 * Opens a folder as diffusers writes it: config.json and diffusion_pytorch_model.safetensors, whole or in
 * shards. Names of old files are brought up to date.
 *
 * @throws NOT_FOUND when the folder, config.json or the weights are missing (the message lists what is there),
 *   UNSUPPORTED when the weights are a pickle, INVALID_FILE, INVALID_CONFIG, IO.
 */
export async function loadDiffusersFolder(
  folder: string,
  options: LoadDiffusersFolderOptions = {},
): Promise<DiffusersFolder> {
  await checkIsFolder(folder);
  const { modelFolder, warnings } = await locateModel(folder, options.subfolder);
  const found = await loadFolderFiles(await filesOnDisk(modelFolder), options);
  return { ...found, warnings: [...warnings, ...found.warnings] };
}

/**
 * Opens the VAE of a single safetensors file, original or diffusers, bare or inside a whole checkpoint. Its content
 * says what it is, not its name.
 *
 * @param like the class that it is taken for where its content leaves that open.
 * @throws NOT_FOUND, IO, UNSUPPORTED when it is a pickle, INVALID_FILE when it is not safetensors or holds no VAE.
 */
export async function loadSingleFile(path: string, like?: VaeModel): Promise<SingleFile> {
  if (await isFolder(path)) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected a .safetensors file, found a folder; open folders with fromPretrained.`,
    );
  }
  return loadFileSource(await openFileSource(path), like);
}

async function filesOnDisk(folder: string): Promise<ModelFiles> {
  const pathOf = (file: string): string => join(folder, file);
  const names = await listFolder(folder);
  return { name: folder, names, pathOf, open: (file) => openFileSource(pathOf(file)) };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function checkIsFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  if (!(await exists(folder))) throw new VaekitError("NOT_FOUND", `${folder}: no such folder.`);
  throw new VaekitError(
    "INVALID_FILE",
    `${folder}: expected a folder with config.json, found a file; open single files with fromSingleFile.`,
  );
}

async function locateModel(
  folder: string,
  subfolder: string | undefined,
): Promise<{ modelFolder: string; warnings: readonly string[] }> {
  const choice =
    subfolder === undefined
      ? await findModelFolder(folder)
      : { subfolder, warnings: [] as readonly string[] };
  const modelFolder = join(folder, choice.subfolder);
  if (await exists(join(modelFolder, "config.json"))) return { modelFolder, warnings: choice.warnings };
  const candidates = subfolder === undefined ? [folder, join(folder, "vae")] : [modelFolder];
  const expected = candidates.map((candidate) => join(candidate, "config.json")).join(" or ");
  const hint = subfolder === undefined ? " Pass `subfolder` if the VAE lies deeper." : "";
  throw new VaekitError(
    "NOT_FOUND",
    `Expected ${expected}; ${folder} holds ${describeNames(await listFolder(folder))}.${hint}`,
  );
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw readError(folder, error);
  }
}
