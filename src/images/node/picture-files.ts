/** The pictures that a program is given: which files, and what becomes of those that cannot be read. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { VaekitError } from "../../errors.ts";
import { readError, statRegularFile } from "../../files/node/index.ts";
import {
  checkOptions,
  checkValue,
  optionKinds,
  type OptionKind,
  type OptionKinds,
} from "../../util/check-options.ts";
import { addLeftOut, nothingLeftOut, type LeftOut, type UnreadablePicture } from "./left-out.ts";
import { listFolder } from "./list-folder.ts";
import { checkFound } from "./list-pictures.ts";

/** The options of {@link PictureFiles.find}. */
export interface PictureFilesOptions {
  /** Whether a picture of a folder that cannot be read is an error, as one that is named. @defaultValue false */
  strict?: boolean;
  /** Whether the folders below are listed, too. @defaultValue false */
  recursive?: boolean;
  /** Told of each picture that is left out because it cannot be read. */
  onUnreadable?: (picture: UnreadablePicture) => void;
  /** Told what the listing of each folder leaves out. */
  onListed?: (folder: string, leftOut: LeftOut) => void;
}

const filesKinds: OptionKinds<PictureFilesOptions> = {
  strict: optionKinds.boolean,
  recursive: optionKinds.boolean,
  onUnreadable: optionKinds.callback,
  onListed: optionKinds.callback,
};

const pathsKind: OptionKind = {
  expected: "a list of paths of pictures and folders",
  fits: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string"),
};

/** A picture that could be read. */
export interface ReadPicture<T> {
  /** The file's path. */
  readonly path: string;
  /** Its place among {@link PictureFiles.paths}. */
  readonly index: number;
  /** What reading it gave. */
  readonly picture: T;
}

/**
 * Picture files and folders of pictures. A picture that is named must be readable; one that was found in a folder is left
 * out when it is not, unless `strict` makes that an error, too.
 *
 * ```ts
 * const files = await PictureFiles.find(["photos", "more/cat.jpg"]);
 * for await (const { path, picture } of files.read((path) => readImage(path))) console.log(path, picture.width);
 * console.log(leftOutText(files.leftOut));
 * ```
 */
export class PictureFiles {
  /** In the order in which they were given, each file once. */
  readonly paths: readonly string[];
  /** What was left out so far: by the listing, and while pictures were read. */
  readonly leftOut: LeftOut;
  readonly #named: ReadonlySet<string>;
  readonly #options: PictureFilesOptions;
  readonly #lost = new Set<string>();

  private constructor(
    { paths, named }: { paths: ReadonlySet<string>; named: ReadonlySet<string> },
    leftOut: LeftOut,
    options: PictureFilesOptions,
  ) {
    this.paths = [...paths];
    this.#named = named;
    this.leftOut = leftOut;
    this.#options = options;
  }

  /**
   * Finds the files: those that are named, and the pictures inside the folders that are named.
   *
   * @throws NOT_FOUND on a missing file; INVALID_FILE for a folder without pictures, or for what is neither a file nor
   *   a folder; IO when a folder cannot be read; INVALID_ARGUMENT for an empty path, or none.
   */
  static async find(given: readonly string[], options: PictureFilesOptions = {}): Promise<PictureFiles> {
    checkValue("PictureFiles.find", given, pathsKind);
    checkOptions("PictureFiles.find", options, filesKinds);
    const { recursive = false } = options;
    const paths = new Set<string>();
    const named = new Set<string>();
    const leftOut = nothingLeftOut();
    for (const path of given) {
      if (!(await isFolderPath(path))) {
        named.add(path);
        paths.add(path);
        continue;
      }
      const found = await listFolder(path, { recursive });
      await checkFound(path, found, recursive ? "in this folder or below" : "directly in this folder");
      options.onListed?.(path, found.leftOut);
      for (const file of found.files) paths.add(file);
      addLeftOut(leftOut, found.leftOut);
    }
    const files = new PictureFiles({ paths, named }, leftOut, options);
    for (const picture of leftOut.unreadable) files.#refuse(picture);
    return files;
  }

  /**
   * Reads ahead what would be an error later, before a long work begins: named pictures, with `strict` all. One picture
   * alone is read soon enough.
   *
   * @throws what makes one unreadable.
   */
  async checkAhead(read: (path: string) => Promise<unknown>): Promise<void> {
    checkReader("PictureFiles.checkAhead", read);
    if (this.paths.length < 2) return;
    for (const path of this.paths.filter((each) => this.#mustBeReadable(each))) await read(path);
  }

  /**
   * What `read` makes of the pictures, in their order, without those that turn out to be unreadable.
   *
   * @param read reads one, as `readImage` does: with INVALID_FILE, NOT_FOUND and IO it says that this picture cannot be
   *   read; what else it throws ends the loop.
   * @throws INVALID_FILE when no picture is left, or what makes a named picture unreadable.
   */
  async *read<T>(read: (path: string) => Promise<T>): AsyncGenerator<ReadPicture<T>, void, undefined> {
    checkReader("PictureFiles.read", read);
    let readCount = 0;
    for (const [index, path] of this.paths.entries()) {
      if (this.#lost.has(path)) continue;
      const result = await this.#try(path, read);
      if (result === undefined) continue;
      readCount++;
      yield { index, path, picture: result.picture };
    }
    if (readCount > 0) return;
    const [first] = this.leftOut.unreadable;
    throw new VaekitError(
      "INVALID_FILE",
      `expected at least one readable picture among ${this.paths.length}, found none; the first is ${first?.path ?? ""}: ${first?.reason ?? ""}.`,
    );
  }

  async #try<T>(path: string, read: (path: string) => Promise<T>): Promise<{ picture: T } | undefined> {
    try {
      return { picture: await read(path) };
    } catch (error) {
      if (this.#mustBeReadable(path) || !isOfOnePicture(error)) throw error;
      const reason = error.message.replace(`${path}: `, "").replace(/\.$/, "");
      this.#lost.add(path);
      this.leftOut.unreadable.push({ path, reason });
      this.#refuse({ path, reason });
      return undefined;
    }
  }

  #mustBeReadable(path: string): boolean {
    return this.#options.strict === true || this.#named.has(path);
  }

  #refuse(picture: UnreadablePicture): void {
    if (this.#options.strict === true) {
      throw new VaekitError("INVALID_FILE", `${picture.path}: ${picture.reason}.`);
    }
    this.#options.onUnreadable?.(picture);
  }
}

function checkReader(subject: string, read: unknown): void {
  checkValue(subject, read, { ...optionKinds.callback, expected: "a function that reads one picture" });
}

/** Whether the next picture may be read all the same. */
function isOfOnePicture(error: unknown): error is VaekitError {
  return error instanceof VaekitError && ["INVALID_FILE", "NOT_FOUND", "IO"].includes(error.code);
}

/** Whether a folder, not a file, is at the path. @throws for what is neither, before anybody opens it. */
async function isFolderPath(path: string): Promise<boolean> {
  if (path === "") {
    const message = "Expected a picture or a folder of pictures, found an empty text.";
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
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
