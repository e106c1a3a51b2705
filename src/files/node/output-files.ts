/** The files that a program writes, checked before the long work begins and once more when they are written. */
import { constants, existsSync, readdirSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join, normalize, resolve } from "node:path";
import { VaekitError } from "../../errors.ts";
import { checkPath, checkValue, type OptionKind } from "../../util/check-options.ts";
import { writeFileAtomic, type FileContent } from "./atomic-write.ts";
import { makeFolder } from "./durable.ts";
import { isFolder } from "./file-source.ts";
import { checkOutputFolderPath, checkOutputPath, KeptFiles, placeOf } from "./output-path.ts";
import { packageFile } from "./package-file.ts";

const pathsKind: OptionKind = {
  expected: "a list of paths",
  fits: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
};

/**
 * Every file that one run of a program writes. Each is claimed first, so that a reason to refuse it is found before the long
 * work; each is written whole or not at all; none replaces an input, a file of vaekit's own or another output, whatever name
 * or link leads to it.
 *
 * ```ts
 * const outputs = new OutputFiles(["photo.jpg"]);
 * await outputs.claim("photo.png");
 * await outputs.write("photo.png", await encodePng(picture));
 * ```
 */
export class OutputFiles {
  readonly #kept = new KeptFiles();
  /** Place → the path by which it was claimed. */
  readonly #claimed = new Map<string, string>();
  /** Folders that are made when there is something to put into them. */
  readonly #folders = new Set<string>();

  /** @param inputs files that must stay as they are. */
  constructor(inputs: readonly string[] = []) {
    checkValue("OutputFiles: inputs", inputs, pathsKind);
    for (const path of inputs) this.#kept.add(path, "an input");
    for (const path of packageFiles()) this.#kept.add(path, "a file of vaekit's own");
  }

  /**
   * Claims a file. One of that name will be replaced, unless it must stay.
   *
   * @throws IO when its folder is missing or not writable, or when it must not be replaced; INVALID_ARGUMENT when two
   *   outputs of this run would be one file.
   */
  async claim(path: string): Promise<void> {
    checkText("OutputFiles.claim", path);
    const folder = dirname(normalize(path));
    if (!this.#folders.has(folder) || (await isFolder(folder))) await checkWritableFolder(folder, path);
    checkOutputPath(path, this.#kept);
    const place = comparable(placeOf(path));
    const other = this.#claimed.get(place);
    if (other !== undefined) throw new VaekitError("INVALID_ARGUMENT", collision(path, other));
    this.#claimed.set(place, path);
  }

  /**
   * Claims a folder for files that are claimed after it. It is made by the first {@link write} into it.
   *
   * @throws IO when its parent is missing or not writable, or when something else is there.
   */
  async claimFolder(path: string): Promise<void> {
    checkText("OutputFiles.claimFolder", path);
    checkOutputFolderPath(path);
    await checkWritableFolder((await isFolder(path)) ? path : dirname(path), path);
    this.#folders.add(dirname(join(path, "any")));
  }

  /**
   * Keeps a file as it is, from now on; nothing where none is.
   *
   * @param role what it is to the user, for messages: "the model's weights".
   * @throws IO when something that is claimed would replace it.
   */
  keep(path: string, role: string): void {
    checkText("OutputFiles.keep", path);
    checkPath("OutputFiles.keep: role", role, "what the file is to the user");
    this.#kept.add(path, role);
    for (const claimed of this.#claimed.values()) checkOutputPath(claimed, this.#kept);
  }

  /** Writes a file that was claimed. @throws IO when it cannot be written; INVALID_ARGUMENT when it was not claimed. */
  async write(path: string, content: FileContent): Promise<void> {
    checkText("OutputFiles.write", path);
    if (![...this.#claimed.values()].includes(path)) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `OutputFiles.write: expected a path that was claimed, found ${path}.`,
      );
    }
    const folder = dirname(normalize(path));
    if (this.#folders.has(folder)) await makeFolder(folder);
    await writeFileAtomic(path, content, { kept: this.#kept });
    // Where capitals do not count, two names that differ may still be one file.
    this.#kept.add(path, "another output of this run");
  }
}

function checkText(subject: string, path: unknown): void {
  checkValue(subject, path, { expected: "a path", fits: (value) => typeof value === "string" });
}

/** The model, the picture and the description of the package; none where it was bundled without them. */
function packageFiles(): string[] {
  try {
    const folder = packageFile("../assets");
    const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return [packageFile("../package.json"), ...entries.map((name) => join(folder, name))];
  } catch {
    return [];
  }
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
