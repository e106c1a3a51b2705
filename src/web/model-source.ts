/** What a caller in the browser gives for a model, and what it means. */
import { VaekitError } from "../errors.ts";
import { isHubId, isWeightsName } from "../hub/hub-id.ts";
import { absoluteUrl } from "./model-url.ts";

/**
 * A model's place: a hub id ("org/name"), the URL of a folder or of a single file, a file of weights, or the files that a user
 * chose: of a whole folder, or config.json and the weights.
 */
export type ModelSource = string | URL | Blob | FileList | readonly File[];

/** A model's place, and what kind of place it is. */
export type WebPlace =
  | { readonly place: "hub"; readonly id: string }
  | { readonly place: "folder"; readonly url: URL; readonly name: string }
  | { readonly place: "folder"; readonly files: readonly File[] }
  | { readonly place: "file"; readonly url: URL; readonly name: string }
  | { readonly place: "file"; readonly blob: Blob };

/** For messages: what can be given. */
export const expectedSource =
  "a hub id, the URL of a folder or of a single file, or a Blob or the Files of a model";

export function isModelSource(value: unknown): value is ModelSource {
  if (typeof value === "string") return value !== "";
  return value instanceof URL || value instanceof Blob || isFileList(value);
}

/** By what it holds: a list of no files is one, too, which says more than "an empty list". */
function isFileList(value: unknown): value is FileList | readonly File[] {
  const isList = Array.isArray(value) || Object.prototype.toString.call(value) === "[object FileList]";
  return isList && Array.from(value as ArrayLike<unknown>).every((each) => each instanceof File);
}

/**
 * What a source means; nothing is asked of anybody. A text that reads as a hub id is one: "./org/name" is a folder beside the
 * page.
 *
 * @param subject the call, for messages.
 * @throws INVALID_ARGUMENT when it is no address; UNSUPPORTED for "file:".
 */
export function placeOfSource(subject: string, source: ModelSource): WebPlace {
  if (source instanceof Blob) return { place: "file", blob: source };
  if (typeof source !== "string" && !(source instanceof URL)) {
    const files = Array.from(source);
    const [only, another] = files;
    const isFile = only !== undefined && another === undefined && isWeightsName(only.name);
    return isFile ? { place: "file", blob: only } : { place: "folder", files };
  }
  if (typeof source === "string" && isHubId(source)) return { place: "hub", id: source };
  const url = absoluteUrl(source, subject);
  if (isWeightsName(url.pathname)) return { place: "file", url, name: String(source) };
  if (!url.pathname.endsWith(".json")) return { place: "folder", url, name: String(source) };
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${subject}: ${String(source)}: expected the URL of a model's folder or of its weights, found that of a JSON file. Give the folder's.`,
  );
}
