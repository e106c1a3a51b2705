/** Which files of a model's folder are needed: the config, one set of safetensors weights, and what lies beside them of p(x|z). */
import { VaekitError } from "../errors.ts";
import { jsonLimits, parseJson } from "../files/index.ts";
import { likelihoodFileName } from "../models/index.ts";
import { chooseWeightFiles, weightFileNames } from "../weights/index.ts";

const stem = "diffusion_pytorch_model";

/** How an index of shards is read from the cache. */
export const shardIndexFile = { expected: "a shard index", maxBytes: jsonLimits.maxBytes } as const;

/** The files to fetch; with an `index`, the shards that it names come on top. */
export interface FileChoice {
  readonly files: readonly string[];
  readonly index?: string;
}

/**
 * Chooses from the names in one folder.
 * @param names file names of that folder
 * @param where how messages call the folder
 * @throws {VaekitError} `HUB` if only pickled weights are there, `NOT_FOUND` if the config or the weights lack
 */
export function chooseFiles(
  names: ReadonlySet<string>,
  variant: string | undefined,
  where: string,
): FileChoice {
  if (!names.has("config.json")) {
    throw new VaekitError(
      "NOT_FOUND",
      `${where}: expected config.json, found ${list(names)}. Set \`subfolder\` to the VAE's folder; ` +
        "a single-file checkpoint must be downloaded and loaded as a file.",
    );
  }
  const { chosen } = chooseWeightFiles(names, variant);
  const beside = names.has(likelihoodFileName) ? [likelihoodFileName] : [];
  if (chosen?.index !== undefined) {
    return { files: ["config.json", chosen.index, ...beside], index: chosen.index };
  }
  if (chosen?.whole !== undefined) return { files: ["config.json", chosen.whole, ...beside] };
  const infix = variant === undefined ? "" : `.${variant}`;
  throw noWeights(names, weightFileNames(variant).whole, infix, where);
}

function noWeights(names: ReadonlySet<string>, single: string, infix: string, where: string): VaekitError {
  const variants = variantsIn(names);
  if (variants.length > 0) {
    const found = variants.map((name) => (name === "" ? "the plain one" : `"${name}"`)).join(", ");
    const asked = infix === "" ? "without a variant" : `of variant "${infix.slice(1)}"`;
    const remedy = "Set `variant` to one of these.";
    return new VaekitError("NOT_FOUND", `${where}: expected weights ${asked}, found ${found}. ${remedy}`);
  }
  if (names.has(`${stem}${infix}.bin`) || names.has(`${stem}.bin`)) {
    return new VaekitError(
      "HUB",
      `${where}: expected ${single}, found pickled weights (.bin) only, which can run code and are never loaded. ` +
        'Use a revision with safetensors (often `revision: "refs/pr/1"`), or convert with diffusers\' save_pretrained.',
    );
  }
  return new VaekitError(
    "NOT_FOUND",
    `${where}: expected ${single}, found ${list(names)}. Check the subfolder.`,
  );
}

function variantsIn(names: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const name of names) {
    const match =
      /^diffusion_pytorch_model(?:\.([\w-]+))?\.safetensors$/.exec(name) ??
      /^diffusion_pytorch_model\.safetensors\.index(?:\.([\w-]+))?\.json$/.exec(name) ??
      /^diffusion_pytorch_model\.safetensors\.([\w-]+)\.index\.json$/.exec(name);
    if (match !== null) found.add(match[1] ?? "");
  }
  return [...found];
}

/**
 * The shards that an index names.
 * @throws {VaekitError} `INVALID_FILE` if the index has no `weight_map` of plain safetensors names
 */
export function shardsOf(indexText: string, where: string): string[] {
  let index: unknown;
  try {
    index = parseJson(indexText, { name: where, mustBeWellFormed: true });
  } catch {
    index = undefined;
  }
  const map =
    typeof index === "object" && index !== null && "weight_map" in index ? index.weight_map : undefined;
  const names = typeof map === "object" && map !== null ? [...new Set<unknown>(Object.values(map))] : [];
  const isShard = (name: unknown): name is string =>
    typeof name === "string" && /^[\w.-]+\.safetensors$/.test(name);
  if (names.length === 0 || !names.every(isShard)) {
    throw new VaekitError(
      "INVALID_FILE",
      `${where}: expected a "weight_map" to .safetensors files of the same folder, found something else. ` +
        "Delete the file and fetch again; if it stays, the model's repository is broken.",
    );
  }
  return names;
}

function list(names: ReadonlySet<string>): string {
  const all = [...names].sort();
  if (all.length === 0) return "no files";
  return all.slice(0, 6).join(", ") + (all.length > 6 ? ` and ${all.length - 6} more` : "");
}
