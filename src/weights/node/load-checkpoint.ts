/** Finds and opens checkpoints on disk: a diffusers folder (config.json beside its weights), or a single file. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { VaekitError } from "../../errors.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { selectVaeNames, withPresentNames, type NamingScheme } from "../key-names.ts";
import { parseSafetensors } from "../safetensors.ts";
import { modelOfFile } from "../single-file.ts";
import { bothWarning, chooseWeightFiles, weightFileNames } from "../weight-files.ts";
import { readError, isFolder, openFileSource, readJsonFile } from "../../files/node/index.ts";
import { modelOfConfig, type VaeModel } from "../../models/index.ts";
import { findModelFolder } from "./model-folder.ts";
import { isPickleContent, isPickleName, misnamedWarning, pickledFileError, pickleError } from "./pickle.ts";
import { loadShards } from "./shards.ts";

export interface LoadDiffusersFolderOptions {
  /** A folder inside the folder, such as "vae". By default the folder itself, or `vae` where only that holds a model of ours. */
  readonly subfolder?: string | undefined;
  /** Which of several weight files: "fp16" for diffusion_pytorch_model.fp16.safetensors. */
  readonly variant?: string | undefined;
}

/** What a diffusers folder holds. */
export interface DiffusersFolder {
  /** The class that config.json names. */
  readonly model: VaeModel;
  /** The parsed content of config.json, not yet checked. */
  readonly configJson: unknown;
  readonly configPath: string;
  readonly checkpoint: Checkpoint;
  /** The paths of the weight files. */
  readonly files: readonly string[];
  /** What is odd about the files but no error. */
  readonly warnings: readonly string[];
}

/** What a single file holds. */
export interface SingleFile {
  /** The class whose tensors they are. */
  readonly model: VaeModel;
  /** Its tensors under diffusers' names. */
  readonly checkpoint: Checkpoint;
  /** Whose names the file itself uses. */
  readonly kind: NamingScheme;
  /** What is odd about the file but no error. */
  readonly warnings: readonly string[];
}

/** Weights, where they lie, and what is odd about them. */
type LoadedWeights = Pick<DiffusersFolder, "checkpoint" | "files" | "warnings">;

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
  const { modelFolder, ...choice } = await locateModel(folder, options.subfolder);
  const configPath = join(modelFolder, "config.json");
  const configJson = await readJsonFile(configPath);
  // Another model's config is said before its weights are looked for.
  const model = modelOfConfig(configJson, configPath);
  const { checkpoint, files, ...loaded } = await loadWeights(modelFolder, options.variant, model.className);
  const tensors = withPresentNames(checkpoint.tensors, model.names);
  const warnings = [...choice.warnings, ...loaded.warnings];
  return { model, configJson, configPath, checkpoint: { ...checkpoint, tensors }, files, warnings };
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
  const source = await openFileSource(path);
  if (await isPickleContent(source)) throw await pickledFileError(path, source);
  const { tensors, metadata } = await parseSafetensors(source, { select: selectVaeNames });
  const found = modelOfFile(tensors, path, like);
  return {
    model: found.model,
    checkpoint: { tensors: found.tensors, metadata },
    kind: found.scheme,
    warnings: warningsOf(path),
  };
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
    `Expected ${expected}; ${folder} holds ${describe(await listFolder(folder))}.${hint}`,
  );
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw readError(folder, error);
  }
}

function describe(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

const warningsOf = (path: string): string[] => [misnamedWarning(path) ?? []].flat();

async function loadWeights(
  folder: string,
  variant: string | undefined,
  className: string,
): Promise<LoadedWeights> {
  const names = new Set(await listFolder(folder));
  const { chosen, unused } = chooseWeightFiles(names, variant);
  if (chosen?.whole !== undefined) return loadWhole(join(folder, chosen.whole));
  if (chosen?.index !== undefined) {
    const warnings = unused === undefined ? [] : [bothWarning(folder, chosen.index, unused)];
    return { ...(await loadShards(folder, chosen.index, unused)), warnings };
  }
  const { whole, pickle } = weightFileNames(variant);
  const misnamed = join(folder, pickle);
  if (names.has(pickle) && !(await isPickleContent(await openFileSource(misnamed))))
    return loadWhole(misnamed);
  throw missingWeights({ folder, names: [...names], expected: whole, variant, className });
}

async function loadWhole(path: string): Promise<LoadedWeights> {
  const source = await openFileSource(path);
  if (await isPickleContent(source)) throw pickleError(path, "file");
  return { checkpoint: await parseSafetensors(source), files: [path], warnings: warningsOf(path) };
}

function missingWeights(looked: {
  readonly folder: string;
  /** Of the files in it. */
  readonly names: readonly string[];
  /** The name of the weights. */
  readonly expected: string;
  readonly variant: string | undefined;
  readonly className: string;
}): VaekitError {
  const { folder, names, expected, variant, className } = looked;
  const variants = names.flatMap(variantOf);
  if (variants.length > 0) {
    const asked = variant === undefined ? "weights without a variant" : `the variant "${variant}"`;
    const found = [...new Set(variants)].map((each) => (each === "" ? "no variant" : `"${each}"`)).join(", ");
    return new VaekitError(
      "NOT_FOUND",
      `${join(folder, expected)}: not there. Expected ${asked}, found ${found}; pass one of these as \`variant\`${
        variants.includes("") ? ", or leave it out" : ""
      }.`,
    );
  }
  if (names.some(isPickleName)) return pickleError(folder, "folder", className);
  return new VaekitError(
    "NOT_FOUND",
    `${join(folder, expected)}: not there; the folder holds ${describe(names)}.`,
  );
}

/** The variant that a weight file or index is of; "" for none. Shards do not count: their index does. */
function variantOf(name: string): string[] {
  const match =
    /^diffusion_pytorch_model(?:\.([^.]+))?\.safetensors$/.exec(name) ??
    /^diffusion_pytorch_model\.safetensors\.index(?:\.([^.]+))?\.json$/.exec(name) ??
    /^diffusion_pytorch_model\.safetensors\.([^.]+)\.index\.json$/.exec(name);
  if (match === null || /-of-\d+/.test(name)) return [];
  return [match[1] ?? ""];
}
