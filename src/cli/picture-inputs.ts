/** The pictures that a command is given: which files, and what becomes of those that cannot be read. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { addLeftOut, checkFound, leftOutText, listFolder, nothingLeftOut } from "../data/node/index.ts";
import type { LeftOut, UnreadablePicture } from "../data/node/index.ts";
import { readError, statRegularFile } from "../files/node/index.ts";
import { VaekitError, type AutoencoderKL } from "../node/index.ts";
import { UsageError, warn } from "./failure.ts";
import type { PictureOptions } from "./options.ts";
import { preparePicture, type PreparedPicture } from "./pictures.ts";
import { writeErrorLine } from "./terminal.ts";

/** So many unreadable pictures are named one by one; the rest is counted. */
const namedAtMost = 10;

/**
 * The pictures of a command line. A picture that is named there must be readable; one that was found in a folder is
 * left out with a warning when it is not, unless `--strict` makes that an error, too.
 */
export class PictureInputs {
  /** In the order of the command line, each file once. */
  readonly paths: readonly string[];
  readonly leftOut: LeftOut;
  readonly #named: ReadonlySet<string>;
  readonly #options: PictureOptions;
  readonly #lost = new Set<string>();

  private constructor(
    paths: ReadonlySet<string>,
    named: ReadonlySet<string>,
    leftOut: LeftOut,
    options: PictureOptions,
  ) {
    this.paths = [...paths];
    this.#named = named;
    this.leftOut = leftOut;
    this.#options = options;
  }

  /**
   * Finds the files: those that are named, and the pictures directly inside the folders that are named.
   *
   * @throws NOT_FOUND on a missing file; INVALID_FILE for a folder without pictures, or for what is neither a file nor
   *   a folder.
   */
  static async find(args: readonly string[], options: PictureOptions): Promise<PictureInputs> {
    const paths = new Set<string>();
    const named = new Set<string>();
    const leftOut = nothingLeftOut();
    for (const path of args) {
      if (!(await isFolderPath(path))) {
        named.add(path);
        paths.add(path);
        continue;
      }
      const found = await listFolder(path, { recursive: false });
      checkFound(path, found, "directly in this folder");
      const text = leftOutText(found.leftOut);
      if (text !== "") writeErrorLine(`${path}: left out ${text}.`);
      for (const file of found.files) paths.add(file);
      addLeftOut(leftOut, found.leftOut);
    }
    const inputs = new PictureInputs(paths, named, leftOut, options);
    leftOut.unreadable.forEach((picture, index) => {
      inputs.#tell(picture, index);
    });
    return inputs;
  }

  /**
   * Reads ahead what would be an error later, before the long work begins: named pictures, with `--strict` all.
   *
   * @throws what makes one unreadable.
   */
  async checkAhead(vae: AutoencoderKL): Promise<void> {
    if (this.paths.length < 2) return;
    const strict = this.#options.strict === true;
    for (const path of this.paths.filter((each) => strict || this.#named.has(each))) {
      await preparePicture(path, vae, this.#options);
    }
  }

  /**
   * The pictures in their order, without those that turn out to be unreadable.
   *
   * @throws INVALID_FILE when none is left, or what makes a named picture unreadable.
   */
  async *prepared(
    vae: AutoencoderKL,
  ): AsyncGenerator<{ index: number; picture: PreparedPicture }, void, undefined> {
    let readCount = 0;
    for (const [index, path] of this.paths.entries()) {
      if (this.#lost.has(path)) continue;
      const picture = await this.#prepare(path, vae);
      if (picture === undefined) continue;
      readCount++;
      yield { index, picture };
    }
    if (readCount > 0) return;
    const [first] = this.leftOut.unreadable;
    throw new VaekitError(
      "INVALID_FILE",
      `expected at least one readable picture among ${this.paths.length}, found none; the first is ${first?.path ?? ""}: ${first?.reason ?? ""}.`,
    );
  }

  /** Says at the end how many unreadable pictures were left out. */
  summarize(): void {
    const count = this.leftOut.unreadable.length;
    if (count === 0) return;
    const pictures = count === 1 ? "1 unreadable picture was" : `${count} unreadable pictures were`;
    warn(`${pictures} left out; --strict stops at the first.`);
  }

  async #prepare(path: string, vae: AutoencoderKL): Promise<PreparedPicture | undefined> {
    try {
      return await preparePicture(path, vae, this.#options);
    } catch (error) {
      if (this.#options.strict === true || this.#named.has(path) || !isOfOnePicture(error)) throw error;
      const reason = error.message.replace(`${path}: `, "").replace(/\.$/, "");
      this.#lost.add(path);
      this.leftOut.unreadable.push({ path, reason });
      this.#tell({ path, reason }, this.leftOut.unreadable.length - 1);
      return undefined;
    }
  }

  #tell({ path, reason }: UnreadablePicture, index: number): void {
    if (this.#options.strict === true) throw new VaekitError("INVALID_FILE", `${path}: ${reason}.`);
    if (index < namedAtMost) warn(`left out ${path}: ${reason}.`);
  }
}

/** Whether the next picture may be read all the same. */
function isOfOnePicture(error: unknown): error is VaekitError {
  return error instanceof VaekitError && ["INVALID_FILE", "NOT_FOUND", "IO"].includes(error.code);
}

/** Whether a folder, not a file, is at the path. @throws for what is neither, before anybody opens it. */
async function isFolderPath(path: string): Promise<boolean> {
  if (path === "") throw new UsageError("Expected a picture or a folder of pictures, found an empty text.");
  const status = await stat(path).catch((error: unknown) => {
    const refusal = readError(path, error);
    if (refusal.code !== "NOT_FOUND") throw refusal;
    throw new VaekitError("NOT_FOUND", `${path}: no such picture or folder (${resolve(path)}).`, {
      cause: error,
    });
  });
  if (status.isDirectory()) return true;
  await statRegularFile(path, "a picture or a folder of pictures");
  return false;
}
