/** What a listing of pictures leaves out, counted by kind, and the pictures that turned out to be unreadable. */
import { checkValue, optionKinds } from "../../util/check-options.ts";

/** A picture that could not be read, and why. */
export interface UnreadablePicture {
  /** The file's path. */
  readonly path: string;
  /** What was found instead of a picture, in one line. */
  readonly reason: string;
}

/** Of a listing, by kind. */
export interface LeftOut {
  /** Files and folders whose names begin with a dot, such as the `._a.jpg` of macOS. */
  hidden: number;
  /** Reconstructions and sample sheets. */
  ownPictures: number;
  /** Folders of training runs, whole. */
  runFolders: number;
  /** Pictures of the validation set that lie among those to train on. */
  validation: number;
  /** Other folders, where only one level is listed. */
  folders: number;
  /** Pictures of formats that cannot be read here. */
  otherFormats: number;
  /** Everything else. */
  otherFiles: number;
  /** Names of pictures with something else behind them, and damaged pictures. */
  unreadable: UnreadablePicture[];
}

export function nothingLeftOut(): LeftOut {
  return {
    hidden: 0,
    ownPictures: 0,
    runFolders: 0,
    validation: 0,
    folders: 0,
    otherFormats: 0,
    otherFiles: 0,
    unreadable: [],
  };
}

/** Adds what another listing left out. */
export function addLeftOut(to: LeftOut, other: LeftOut): void {
  for (const kind of kinds) to[kind] += other[kind];
  // Not spread out: there may be more than a call takes arguments.
  for (const picture of other.unreadable) to.unreadable.push(picture);
}

const words = {
  hidden: ["hidden file", "hidden files"],
  ownPictures: ["picture that vaekit made", "pictures that vaekit made"],
  runFolders: ["folder of a training run", "folders of training runs"],
  validation: ["picture of the validation set", "pictures of the validation set"],
  folders: ["folder inside", "folders inside"],
  otherFormats: [
    "picture of a format that cannot be read here",
    "pictures of formats that cannot be read here",
  ],
  otherFiles: ["file that is no picture", "files that are no pictures"],
} as const satisfies Partial<Record<keyof LeftOut, readonly [one: string, many: string]>>;

const kinds = Object.keys(words) as (keyof typeof words)[];

/** How many files and folders were left out. */
export function leftOutCount(leftOut: LeftOut): number {
  return kinds.reduce((sum, kind) => sum + leftOut[kind], leftOut.unreadable.length);
}

/** `1 hidden file, 2 files that are no pictures`; unreadable pictures are named one by one elsewhere. */
export function leftOutText(leftOut: LeftOut): string {
  checkValue("leftOutText", leftOut, optionKinds.object);
  return kinds
    .filter((kind) => leftOut[kind] > 0)
    .map((kind) => `${leftOut[kind]} ${words[kind][leftOut[kind] === 1 ? 0 : 1]}`)
    .join(", ");
}
