/** Reads a folder as diffusers writes it, wherever its files are: config.json beside its weights. */
import { VaekitError } from "../errors.ts";
import { likelihoodFileName, modelOfConfig, type VaeModel } from "../models/index.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { withPresentNames } from "./key-names.ts";
import { openFirst, readJsonSource, type ModelFiles } from "./model-files.ts";
import { isPickleContent, isPickleName, misnamedWarning, pickleError } from "./pickle.ts";
import { parseSafetensors } from "./safetensors.ts";
import { bothWarning, chooseWeightFiles, weightFileNames } from "./weight-files.ts";

export interface LoadFolderOptions {
  /** Which of several weight files: "fp16" for diffusion_pytorch_model.fp16.safetensors. */
  readonly variant?: string | undefined;
  /** Refuses a class by throwing, before its weights are looked for. */
  readonly accept?: (model: VaeModel, configPath: string) => void;
}

/** likelihood.safetensors. */
export interface LikelihoodFile extends Checkpoint {
  readonly path: string;
}

/** What a diffusers folder holds. */
export interface DiffusersFolder {
  /** The class that config.json names. */
  readonly model: VaeModel;
  /** The parsed content of config.json, not yet checked. */
  readonly configJson: unknown;
  readonly configPath: string;
  readonly checkpoint: Checkpoint;
  /** What lies beside the weights of the pixels' distribution, where the class has such a file and the files are listed. */
  readonly likelihood: LikelihoodFile | undefined;
  /** The paths of the weight files. */
  readonly files: readonly string[];
  /** What is odd about the files but no error. */
  readonly warnings: readonly string[];
}

/** Weights, where they lie, and what is odd about them. */
type LoadedWeights = Pick<DiffusersFolder, "checkpoint" | "files" | "warnings">;

/**
 * Reads config.json and diffusion_pytorch_model.safetensors, whole or in shards. Names of old files are brought up to
 * date.
 *
 * @throws NOT_FOUND when config.json or the weights are missing (the message lists what is there), UNSUPPORTED when the
 *   weights are a pickle, INVALID_FILE, INVALID_CONFIG, and whatever `open` throws.
 */
export async function loadFolderFiles(
  files: ModelFiles,
  { variant, accept }: LoadFolderOptions = {},
): Promise<DiffusersFolder> {
  const configPath = files.pathOf("config.json");
  const configJson = await readJsonSource(await files.open("config.json"));
  // Another model's config is said before its weights are looked for.
  const model = await modelOfConfig(configJson, configPath);
  accept?.(model, configPath);
  const { checkpoint, ...loaded } = await loadWeights(files, variant, model.className);
  const tensors = withPresentNames(checkpoint.tensors, model.names);
  const likelihood = model.likelihood && (await findLikelihood(files));
  return { model, configJson, configPath, checkpoint: { ...checkpoint, tensors }, likelihood, ...loaded };
}

async function findLikelihood(files: ModelFiles): Promise<LikelihoodFile | undefined> {
  if (files.names?.includes(likelihoodFileName) !== true) return undefined;
  const source = await files.open(likelihoodFileName);
  return { path: source.name, ...(await parseSafetensors(source)) };
}

async function loadWeights(
  files: ModelFiles,
  variant: string | undefined,
  className: string,
): Promise<LoadedWeights> {
  if (files.names === undefined) return loadUnlisted(files, variant);
  const names = new Set(files.names);
  const { chosen, unused } = chooseWeightFiles(names, variant);
  if (chosen?.whole !== undefined) return loadWhole(await files.open(chosen.whole));
  if (chosen?.index !== undefined) {
    const warnings = unused === undefined ? [] : [bothWarning(files.name, chosen.index, unused)];
    return { ...(await loadSharded(files, await files.open(chosen.index), unused)), warnings };
  }
  const { whole, pickle } = weightFileNames(variant);
  if (names.has(pickle)) {
    const misnamed = await files.open(pickle);
    if (!(await isPickleContent(misnamed))) return loadWhole(misnamed);
  }
  throw missingWeights(files, files.names, { expected: whole, variant, className });
}

/** The whole file first: where nobody lists the files, every name that is not there costs a question. */
async function loadUnlisted(files: ModelFiles, variant: string | undefined): Promise<LoadedWeights> {
  const { whole, indices } = weightFileNames(variant);
  const { file, source } = await openFirst(files, [whole, ...indices]).catch((error: unknown) => {
    if (!(error instanceof VaekitError) || error.code !== "NOT_FOUND") throw error;
    const message = `${error.message} Nor is there an index of shards. Weights of a variant need \`variant\`.`;
    throw new VaekitError("NOT_FOUND", message, { cause: error.cause });
  });
  return file === whole ? loadWhole(source) : { ...(await loadSharded(files, source)), warnings: [] };
}

async function loadSharded(
  files: ModelFiles,
  index: ByteSource,
  unused?: string,
): Promise<Omit<LoadedWeights, "warnings">> {
  const { loadShards } = await import("./shards.ts");
  return loadShards(files, index, unused);
}

async function loadWhole(source: ByteSource): Promise<LoadedWeights> {
  const { name } = source;
  if (await isPickleContent(source)) throw pickleError(name, "file");
  const warnings = [misnamedWarning(name) ?? []].flat();
  return { checkpoint: await parseSafetensors(source), files: [name], warnings };
}

function missingWeights(
  files: ModelFiles,
  names: readonly string[],
  looked: {
    /** The name of the weights. */
    readonly expected: string;
    readonly variant: string | undefined;
    readonly className: string;
  },
): VaekitError {
  const { expected, variant, className } = looked;
  const variants = names.flatMap(variantOf);
  if (variants.length > 0) {
    const asked = variant === undefined ? "weights without a variant" : `the variant "${variant}"`;
    const found = [...new Set(variants)].map((each) => (each === "" ? "no variant" : `"${each}"`)).join(", ");
    return new VaekitError(
      "NOT_FOUND",
      `${files.pathOf(expected)}: not there. Expected ${asked}, found ${found}; pass one of these as \`variant\`${
        variants.includes("") ? ", or leave it out" : ""
      }.`,
    );
  }
  if (names.some(isPickleName)) return pickleError(files.name, "folder", className);
  return new VaekitError(
    "NOT_FOUND",
    `${files.pathOf(expected)}: not there; the folder holds ${describeNames(names)}.`,
  );
}

/** What a folder holds, for messages. */
export function describeNames(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
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
