/** A model from one place, or its halves from two, whatever the platform reads them from. */
import { VaekitError } from "../errors.ts";
import type { VaeModel } from "../models/index.ts";
import { describeValue } from "../util/describe-value.ts";
import { halfNames } from "./halves.ts";
import { halfModel, modelOrHalf, pairedModel, type OpenedModel } from "./opened.ts";
import type { Half } from "./options.ts";
import type { ReadModel } from "./read-model.ts";

/** Where a model or a half of one is. */
export interface PartSource {
  /** Whether nothing but its tensors says which class it is of. */
  readonly isFile: boolean;
  /** @param like the class of the other half. */
  read(like?: VaeModel): Promise<ReadModel>;
}

/** A model, and what is odd about its files. */
export interface OpenedParts {
  readonly opened: OpenedModel;
  readonly warnings: readonly string[];
}

/** A model, or the half that is there. @throws as `read`, WEIGHTS_MISMATCH, INVALID_FILE */
export async function openPart(source: PartSource): Promise<OpenedParts> {
  const { loaded, warnings } = await source.read();
  return { opened: modelOrHalf(loaded), warnings };
}

/**
 * One half, or two as one model.
 *
 * @param subject the call, for messages.
 * @throws as `read`; INVALID_ARGUMENT for halves that do not fit each other; WEIGHTS_MISMATCH, INVALID_FILE
 */
export async function openHalves(
  subject: string,
  sources: Partial<Record<Half, PartSource>>,
): Promise<OpenedParts> {
  const { encoder, decoder } = await readHalves(sources);
  const warnings = [...(encoder?.warnings ?? []), ...(decoder?.warnings ?? [])];
  if (encoder !== undefined && decoder !== undefined) {
    const loaded = { encoder: encoder.loaded, decoder: decoder.loaded };
    return { opened: pairedModel(subject, loaded), warnings };
  }
  if (encoder !== undefined) return { opened: halfModel(encoder.loaded, "encoder"), warnings };
  return { opened: halfModel(decoder!.loaded, "decoder"), warnings };
}

/**
 * Single files last: one that does not say which class it is of, such as FLUX.2's small_decoder.safetensors, is of the
 * other half's.
 */
async function readHalves(
  sources: Partial<Record<Half, PartSource>>,
): Promise<Partial<Record<Half, ReadModel>>> {
  const found: Partial<Record<Half, ReadModel>> = {};
  let like: VaeModel | undefined;
  const inOrder = halfNames
    .filter((half) => sources[half] !== undefined)
    .sort((a, b) => Number(sources[a]!.isFile) - Number(sources[b]!.isFile));
  for (const half of inOrder) {
    const one = await sources[half]!.read(like);
    like ??= one.loaded.model;
    found[half] = one;
  }
  return found;
}

/**
 * `{ encoder, decoder }`, of which one will do.
 *
 * @param expected for the message: what a source is.
 * @throws INVALID_ARGUMENT for anything else.
 */
export function namedHalves<Source>(
  subject: string,
  given: unknown,
  isSource: (value: unknown) => value is Source,
  expected: string,
): [Half, Source][] {
  const halves = typeof given === "object" && given !== null ? given : {};
  const entries = Object.keys(halves)
    .map((key): [string, unknown] => [key, Reflect.get(halves, key)])
    .filter(([, value]) => value !== undefined);
  const isNamed = (entry: [string, unknown]): entry is [Half, Source] =>
    halfNames.some((half) => half === entry[0]) && isSource(entry[1]);
  if (entries.length > 0 && entries.every(isNamed)) return entries;
  const message = `${subject}: expected ${expected}, or { encoder, decoder } of these, found ${describeValue(given)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
