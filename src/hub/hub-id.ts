/** The names that a user gives: model ids, revisions and subfolders, checked before they become paths. */
import { VaekitError } from "../errors.ts";
import { quote } from "../util/printable.ts";

const part = "[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?";
const idPattern = new RegExp(`^${part}/${part}$`);

/** Files that a path names: no model of the hub is called so, and a missing file is none of its. */
const weightsEnding = /\.(?:safetensors|sft|ckpt|pt|pth|bin)$/i;

/** Whether a path or an address is that of a single file of weights, by its ending. */
export function isWeightsName(path: string): boolean {
  return weightsEnding.test(path);
}

/** Whether `text` reads as a model id of the hub: `org/name`. Whether a path of that name exists is `placeOf`'s. */
export function isHubId(text: string): boolean {
  return isWellFormed(text) && !isWeightsName(text);
}

function isWellFormed(id: string): boolean {
  // `--` separates org and name in the cache's folder names, so the hub forbids it in both.
  return idPattern.test(id) && id.length <= 200 && !/--|\.\.|\.git$/.test(id);
}

/** @throws {VaekitError} `HUB` unless `id` has the form `org/name`. */
export function checkHubId(id: string): void {
  if (isWellFormed(id)) return;
  throw new VaekitError(
    "HUB",
    `Model id: expected org/name, such as "stabilityai/sd-vae-ft-mse", found ${quote(id)}. ` +
      "Check the id, or pass the path of an existing folder.",
  );
}

/** @throws {VaekitError} `HUB` if `text` (a revision or a subfolder) would lead out of its folder. */
export function checkRelativePath(text: string, what: string): void {
  const segments = text.split("/");
  const isSafe = segments.every((segment) => /^[^\\:?#%\s]+$/.test(segment) && !/^\.+$/.test(segment));
  if (isSafe) return;
  throw new VaekitError(
    "HUB",
    `${what}: expected a relative name with forward slashes and without "..", found ${quote(text)}.`,
  );
}

/** Whether `revision` is a full commit, which never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
