/**
 * Names of tensors in checkpoints: which are the VAE's, and how those of other formats become diffusers'. What a class's tensors
 * are called there is the class's own.
 */
import { VaekitError } from "../errors.ts";
import type { ModelNames } from "../models/names.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import { quote } from "../util/printable.ts";

/** Whose names a file uses. */
export type NamingScheme = "diffusers" | "original";

/** Where whole checkpoints keep their VAE; the first one that occurs is used. */
export const vaePrefixes = ["vae.", "first_stage_model."] as const;

/** The prefix of the VAE's names in a checkpoint that holds these names; "" when the file is all VAE. */
export function vaePrefix(names: Iterable<string>): string {
  const all = [...names];
  return vaePrefixes.find((prefix) => all.some((name) => name.startsWith(prefix))) ?? "";
}

/** Tells the VAE's names in a checkpoint from those of the diffusion model and text encoders beside it. */
export function selectVaeNames(names: readonly string[]): (name: string) => boolean {
  const prefix = vaePrefix(names);
  return (name) => name.startsWith(prefix);
}

/** The VAE's tensors under their names without the prefix (`vae.` or `first_stage_model.`); all else is left out. */
export function withoutPrefix(tensors: ReadonlyMap<string, FoundTensor>): Map<string, FoundTensor> {
  const prefix = vaePrefix(tensors.keys());
  return new Map(
    [...tensors].flatMap(([name, stored]): [string, FoundTensor][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), stored]] : [],
    ),
  );
}

/**
 * Gives the tensors of a folder diffusers' present names, where an older version wrote it.
 *
 * @param names the class's; undefined for a class of one format.
 * @throws INVALID_FILE when two tensors end up with one name.
 */
export function withPresentNames(
  tensors: ReadonlyMap<string, FoundTensor>,
  names: ModelNames | undefined,
): Map<string, FoundTensor> {
  if (names === undefined) return new Map(tensors);
  return renameAll(tensors, names, (name) => names.updated(name));
}

/**
 * Gives the tensors of a single file diffusers' names, whichever names they have.
 *
 * @param tensors without a prefix.
 * @param names the class's; undefined for a class of one format.
 * @throws INVALID_FILE when two tensors end up with one name.
 */
export function withDiffusersNames(
  tensors: ReadonlyMap<string, FoundTensor>,
  names: ModelNames | undefined,
): { tensors: Map<string, FoundTensor>; scheme: NamingScheme } {
  if (names === undefined) return { tensors: new Map(tensors), scheme: "diffusers" };
  const rename = names.ofFile([...tensors.keys()]);
  const isOriginal = [...tensors.keys()].some((name) => rename(name) !== names.updated(name));
  return { tensors: renameAll(tensors, names, rename), scheme: isOriginal ? "original" : "diffusers" };
}

function renameAll(
  tensors: ReadonlyMap<string, FoundTensor>,
  names: ModelNames,
  rename: (name: string) => string,
): Map<string, FoundTensor> {
  const renamed = new Map<string, FoundTensor>();
  const named = [...tensors].flatMap(([oldName, stored]) => inParts(rename(oldName), stored, names));
  for (const [name, stored] of named) {
    const other = renamed.get(name);
    if (other !== undefined) {
      throw new VaekitError(
        "INVALID_FILE",
        `${stored.source.name}: both ${quote(other.name)} and ${quote(stored.name)} would be ${name}; keep one.`,
      );
    }
    renamed.set(name, { ...stored, shape: names.shape?.(name, stored.shape) ?? stored.shape });
  }
  for (const [name, stored] of renamed) renamed.set(name, { ...stored, name });
  return renamed;
}

/** A tensor under its name, or those that it holds one after the other. */
function inParts(name: string, stored: FoundTensor, names: ModelNames): [string, FoundTensor][] {
  const parts = names.parts?.(name);
  const [rows = 0, ...shape] = stored.shape;
  if (parts === undefined || rows % parts.length !== 0) return [[name, stored]];
  const byteLength = stored.byteLength / parts.length;
  return parts.map((part, index) => {
    const byteOffset = stored.byteOffset + index * byteLength;
    return [part, { ...stored, shape: [rows / parts.length, ...shape], byteOffset, byteLength }];
  });
}
