/** The files that a command writes, checked before the long work begins and once more when they are written. */
import { constants, existsSync, readdirSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join, normalize, resolve } from "node:path";
import { invariant } from "../errors.ts";
import {
  checkOutputFolderPath,
  checkOutputPath,
  isFolder,
  KeptFiles,
  makeFolder,
  placeOf,
  type FileContent,
} from "../files/node/index.ts";
import { VaekitError, writeFileAtomic } from "../node/index.ts";
import { UsageError } from "./failure.ts";
import type { ModelOptions } from "./options.ts";
import { packageFiles } from "./package.ts";

/** Every file that one run writes: each is claimed first, so that a reason to refuse it is found in time. */
export class Outputs {
  readonly #kept = new KeptFiles();
  /** Place → the path by which it was claimed. */
  readonly #claimed = new Map<string, string>();
  /** Folders that are made when there is something to put into them. */
  readonly #folders = new Set<string>();

  /** @param inputs files that must stay as they are. */
  constructor(inputs: readonly string[] = []) {
    for (const path of inputs) this.#kept.add(path, "an input");
    for (const path of packageFiles()) this.#kept.add(path, "a file of vaekit's own");
  }

  /**
   * Claims a file. One of that name will be replaced, unless it must stay.
   *
   * @throws IO when its folder is missing or not writable, or when it must not be replaced; UsageError when two outputs
   *   of this run would be one file.
   */
  async claim(path: string): Promise<void> {
    const folder = dirname(normalize(path));
    if (!this.#folders.has(folder) || (await isFolder(folder))) await checkWritableFolder(folder, path);
    checkOutputPath(path, this.#kept);
    const place = comparable(placeOf(path));
    const other = this.#claimed.get(place);
    if (other !== undefined) throw new UsageError(collision(path, other));
    this.#claimed.set(place, path);
  }

  /**
   * Claims a folder for files that are claimed after it. It is made by the first {@link write} into it.
   *
   * @throws IO when its parent is missing or not writable, or when something else is there.
   */
  async claimFolder(path: string): Promise<void> {
    checkOutputFolderPath(path);
    await checkWritableFolder((await isFolder(path)) ? path : dirname(path), path);
    this.#folders.add(dirname(join(path, "any")));
  }

  /**
   * Keeps the files of the model that the options have opened, too.
   *
   * @throws IO when something that is claimed would replace one of them.
   */
  keepModel(model: { readonly weightFiles: readonly string[] }, options: ModelOptions): void {
    const { model: source, config } = options;
    for (const path of model.weightFiles) this.#kept.add(path, "the model's weights");
    const folders = new Set(model.weightFiles.map((path) => dirname(path)));
    if (source !== undefined) for (const folder of [source, join(source, "vae")]) folders.add(folder);
    if (source !== undefined && options.subfolder !== undefined) folders.add(join(source, options.subfolder));
    for (const path of [...folders].flatMap(configFiles)) this.#kept.add(path, "the model's config");
    if (config !== undefined) this.#kept.add(config, "the model's config");
    for (const path of this.#claimed.values()) checkOutputPath(path, this.#kept);
  }

  /** Writes a file that was claimed. @throws IO. */
  async write(path: string, content: FileContent): Promise<void> {
    invariant([...this.#claimed.values()].includes(path), `${path} is written without a claim`);
    const folder = dirname(normalize(path));
    if (this.#folders.has(folder)) await makeFolder(folder);
    await writeFileAtomic(path, content, { kept: this.#kept });
    // Where capitals do not count, two names that differ may still be one file.
    this.#kept.add(path, "another output of this run");
  }
}

/** @throws IO when the folder for temporary files is missing or not writable. */
export async function checkTemporaryFolder(path: string): Promise<void> {
  if (!(await isFolder(path))) {
    throw new VaekitError("IO", `--temp-dir: expected a folder that is there, found ${path}. Make it first.`);
  }
  await checkWritableFolder(path, path);
}

function collision(path: string, other: string): string {
  const names = path === other ? `to ${path}` : `to one file, ${other} and ${path}`;
  return `Two outputs would be written ${names}. Rename one, or give them to two runs.`;
}

/** On these systems capitals and composed letters do not count in most places. */
function comparable(place: string): string {
  const ignoresCase = process.platform === "darwin" || process.platform === "win32";
  return ignoresCase ? place.normalize("NFC").toLowerCase() : place;
}

/** What lies beside weights in a folder of diffusers' format; nothing where there is no folder. */
function configFiles(folder: string): string[] {
  try {
    const isConfig = (name: string): boolean => name === "config.json" || /\.index\b.*\.json$/.test(name);
    return readdirSync(folder)
      .filter(isConfig)
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

async function checkWritableFolder(folder: string, output: string): Promise<void> {
  if (!(await isFolder(folder))) {
    if (existsSync(folder)) {
      throw new VaekitError("IO", `${output}: expected a folder at ${resolve(folder)}, found a file.`);
    }
    throw new VaekitError("IO", `${output}: its folder does not exist; create ${resolve(folder)} first.`);
  }
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw new VaekitError("IO", `${output}: may not be written; check the folder's permissions.`, {
      cause: error,
    });
  });
}
