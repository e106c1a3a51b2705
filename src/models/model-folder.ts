/**
 * Which folder of a model is the VAE's: its own, or `vae` inside it, as in a pipeline. One rule for folders on disk, the
 * hub and the browser; who reads the files hands in what they hold.
 */
import { describeFound } from "./config-checks.ts";
import { classNameOf } from "./class-name.ts";
import { isUnknownClass, knownModels } from "./registry.ts";

/** What the folder holds. */
export interface FolderContent {
  /** Its own config.json, parsed; undefined without one. */
  readonly config: unknown;
  /** Names of the files beside that config.json. */
  readonly files: readonly string[];
  /** Whether `vae/config.json` is there. */
  readonly hasVae: boolean;
}

/** Where the model is, inside the folder, and what to say about the choice. */
export interface FolderChoice {
  readonly subfolder: "" | "vae";
  readonly warnings: readonly string[];
}

/**
 * The folder itself where its config.json is an autoencoder's of ours and weights lie beside it; else `vae`, if that
 * is there. Where both could be meant, or the folder's own config.json was passed over, a warning says what was taken.
 *
 * @param name what messages call the folder.
 */
export async function chooseModelFolder(
  { config, files, hasVae }: FolderContent,
  name: string,
): Promise<FolderChoice> {
  if (!hasVae) return { subfolder: "", warnings: [] };
  if (config === undefined) return { subfolder: "vae", warnings: [] };
  const hasWeights = files.some((file) => file.startsWith("diffusion_pytorch_model"));
  const took = `${name}: took the model in its folder vae`;
  if (!(await isOurs(config, hasWeights))) {
    return { subfolder: "vae", warnings: [`${took}; its own config.json is ${describeConfig(config)}.`] };
  }
  if (!hasWeights) {
    return { subfolder: "vae", warnings: [`${took}; there are no weights beside its own config.json.`] };
  }
  const other = 'Pass `subfolder: "vae"` for the other one.';
  return { subfolder: "", warnings: [`${name}: holds a model and another one in its folder vae. ${other}`] };
}

/** By its class; without one, by a key of a class of ours or the weights beside it. */
async function isOurs(config: unknown, hasWeights: boolean): Promise<boolean> {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return false;
  if (classNameOf(config) !== undefined) return !isUnknownClass(config);
  if (hasWeights) return true;
  const models = await knownModels();
  return models.some((model) => model.config.keys.some((key) => Object.hasOwn(config, key)));
}

function describeConfig(config: unknown): string {
  if (typeof config !== "object" || config === null) return `no model's, but ${describeFound(config)}`;
  const className = classNameOf(config);
  return className === undefined ? "no autoencoder's" : `that of ${describeFound(className)}`;
}
