/** Files that a user chose or dropped: a model's folder, or config.json and weights side by side. */
import { VaekitError } from "../errors.ts";
import { isWeightsName } from "../hub/hub-id.ts";
import { chooseModelFolder } from "../models/model-folder.ts";
import { quote } from "../util/printable.ts";
import { describeNames, readJsonSource, type ModelFiles } from "../weights/index.ts";
import { blobSource, type BlobSource } from "./blob-source.ts";
import type { FoundModel } from "./found-model.ts";

/** Files by their paths inside what was chosen. */
type Tree = ReadonlyMap<string, File>;

interface Chosen {
  /** What to call it. */
  readonly name: string;
  /** The folder that was chosen, with a slash; "" for files. */
  readonly top: string;
  readonly tree: Tree;
}

/**
 * A folder as diffusers writes it; or one file of weights, with the config.json beside it if there is one.
 *
 * @throws NOT_FOUND when the files are none of a model, or too few of them; INVALID_FILE for a broken config.json.
 */
export async function modelInFiles(
  subject: string,
  files: readonly File[],
  subfolder: string | undefined,
): Promise<FoundModel> {
  const chosen = treeOf(files);
  const { name, tree } = chosen;
  const { warnings, ...choice } = await choose(chosen, subfolder);
  const inside = filesIn(tree, choice.subfolder);
  const config = inside.get("config.json");
  const isAsDiffusers = [...inside.keys()].some((file) => file.startsWith("diffusion_pytorch_model"));
  const [weights, ...others] = [...inside.keys()].filter(isWeightsName);
  if (config !== undefined && weights !== undefined && others.length === 0 && !isAsDiffusers) {
    const source = blobSource(inside.get(weights)!, weights);
    return { name: weights, source, config: blobSource(config, "config.json") };
  }
  if (config !== undefined && (isAsDiffusers || weights !== undefined)) {
    return { name, files: modelFiles(chosen, choice.subfolder, inside), warnings };
  }
  const alone = [...tree].filter(([path]) => isWeightsName(path));
  if (config === undefined && alone.length === 1) {
    const [path, file] = alone[0]!;
    return { name: path, source: blobSource(file, path) };
  }
  throw new VaekitError("NOT_FOUND", `${subject}: ${tooFew(tree, choice.subfolder)}`);
}

function tooFew(tree: Tree, subfolder: string): string {
  const paths = [...tree.keys()].sort();
  if (paths.length === 0)
    return "expected the files of a model, found none. Choose its folder, or its weights.";
  const deeper = paths.find((path) => path.endsWith("/config.json"))?.slice(0, -"/config.json".length);
  const remedy =
    deeper === undefined
      ? "Choose the model's folder, or config.json and the weights together, or one .safetensors file."
      : `Choose the folder of the VAE, or pass its path as \`subfolder\`: ${quote(deeper)}.`;
  const where = subfolder === "" ? "config.json" : `${subfolder}/config.json`;
  return `expected ${where} and the weights beside it, found ${describeNames(paths)}. ${remedy}`;
}

/** The folder that was chosen is no part of the paths in it; hidden files are the system's. */
function treeOf(files: readonly File[]): Chosen {
  const paths = files.map((file) => {
    const path = file.webkitRelativePath as string | undefined;
    return path === undefined || path === "" ? [file.name] : path.split("/");
  });
  const top = paths[0]?.[0] ?? "";
  const isOneFolder = paths.length > 0 && paths.every((path) => path.length > 1 && path[0] === top);
  const entries = paths.flatMap((path, index): [string, File][] => {
    const inside = isOneFolder ? path.slice(1) : path;
    return inside.some((part) => part.startsWith(".")) ? [] : [[inside.join("/"), files[index]!]];
  });
  const tree = new Map(entries);
  return isOneFolder ? { name: top, top: `${top}/`, tree } : { name: "the chosen files", top: "", tree };
}

interface Choice {
  readonly subfolder: string;
  readonly warnings: readonly string[];
}

async function choose({ name, top, tree }: Chosen, subfolder: string | undefined): Promise<Choice> {
  if (subfolder !== undefined) return { subfolder: subfolder.replace(/\/+$/, ""), warnings: [] };
  const own = tree.get("config.json");
  const config = own === undefined ? undefined : await readJsonSource(blobSource(own, `${top}config.json`));
  const files = [...filesIn(tree, "").keys()];
  return chooseModelFolder({ config, files, hasVae: tree.has("vae/config.json") }, name);
}

function filesIn(tree: Tree, folder: string): Tree {
  const prefix = folder === "" ? "" : `${folder}/`;
  return new Map(
    [...tree].flatMap(([path, file]): [string, File][] => {
      const name = path.slice(prefix.length);
      return path.startsWith(prefix) && !name.includes("/") ? [[name, file]] : [];
    }),
  );
}

function modelFiles({ top }: Chosen, subfolder: string, inside: Tree): ModelFiles {
  const folder = `${top}${subfolder === "" ? "" : `${subfolder}/`}`;
  const pathOf = (file: string): string => `${folder}${file}`;
  const open = async (file: string): Promise<BlobSource> => {
    const found = inside.get(file);
    if (found !== undefined) return Promise.resolve(blobSource(found, pathOf(file)));
    return Promise.reject(new VaekitError("NOT_FOUND", `${pathOf(file)}: not among the chosen files.`));
  };
  const name = folder === "" ? "the chosen files" : folder.slice(0, -1);
  return { name, names: [...inside.keys()].sort(), pathOf, open };
}
