/** How a class of models opens its own in the browser: from a folder or the hub, from a single file, or a built-in one. */
import { VaekitError } from "../errors.ts";
import { checkOptionsForPlaces } from "../hub/model-place.ts";
import type { OrtModule } from "../runtime/web/ort-module.ts";
import { checkValue } from "../util/check-options.ts";
import { wholeModel } from "../vae/opened.ts";
import type { ReadModel } from "../vae/read-model.ts";
import type { VaeParts } from "../vae/vae.ts";
import { abortable } from "./abortable.ts";
import { assemble } from "./assemble.ts";
import type { BuiltInModel } from "./built-in-model.ts";
import { ModelReader } from "./load-model.ts";
import {
  expectedSource,
  isModelSource,
  placeOfSource,
  type ModelSource,
  type WebPlace,
} from "./model-source.ts";
import { openEngine } from "./open-engine.ts";
import {
  checkDefaultOptions,
  checkFromPretrainedOptions,
  checkFromSingleFileOptions,
  placesOf,
  type FetchingOptions,
  type FromPretrainedOptions,
  type FromSingleFileOptions,
  type RuntimeOptions,
} from "./opening-options.ts";

/**
 * A hub id, the URL of a folder, or the files of one that a user chose.
 *
 * @throws INVALID_ARGUMENT, NOT_FOUND, IO, HUB, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
 */
export async function fromPretrained(
  className: string,
  source: ModelSource,
  options: FromPretrainedOptions,
  ort?: OrtModule,
): Promise<VaeParts> {
  checkFromPretrainedOptions(options);
  const place = placeOf("fromPretrained", source);
  if (place.place === "file") {
    const message = `fromPretrained: ${nameOf(place)}: expected a model's folder, found a single file. Open it with fromSingleFile.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  checkOptionsForPlaces("fromPretrained", options, placesOf, [place.place]);
  return open("fromPretrained", className, { place, options, ort });
}

/**
 * The URL or the Blob of a single .safetensors file.
 *
 * @throws INVALID_CONFIG when nothing says its config, and as {@link fromPretrained}
 */
export async function fromSingleFile(
  className: string,
  source: string | URL | Blob,
  options: FromSingleFileOptions,
  ort?: OrtModule,
): Promise<VaeParts> {
  checkFromSingleFileOptions(options);
  const found = placeOf("fromSingleFile", source);
  // What an address leads to, its ending need not say.
  const place: WebPlace = "url" in found ? { ...found, place: "file" } : found;
  if (place.place !== "file") {
    const message = `fromSingleFile: expected the URL or the Blob of a .safetensors file, found ${nameOf(place)}. Open a folder or a hub id with fromPretrained.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  return open("fromSingleFile", className, { place, options, ort });
}

/** A model inside the package. @throws NOT_FOUND, INVALID_FILE where a bundler left its weights behind; IO, ABORTED */
export async function openBuiltIn(
  model: BuiltInModel,
  options: RuntimeOptions & FetchingOptions,
  ort?: OrtModule,
): Promise<VaeParts> {
  checkDefaultOptions(options);
  const reader = new ModelReader("default", options);
  return assembled("default", () => reader.readBuiltIn(model), options, ort);
}

function placeOf(subject: string, source: unknown): WebPlace {
  checkValue(subject, source, { expected: expectedSource, fits: isModelSource });
  return placeOfSource(subject, source as ModelSource);
}

function nameOf(place: WebPlace): string {
  if ("id" in place) return place.id;
  if ("name" in place) return place.name;
  return "blob" in place ? "a Blob" : "a list of files";
}

interface Opening {
  readonly place: WebPlace;
  readonly options: FromPretrainedOptions & FromSingleFileOptions;
  readonly ort: OrtModule | undefined;
}

function open(subject: string, className: string, { place, options, ort }: Opening): Promise<VaeParts> {
  const reader = new ModelReader(subject, options);
  return assembled(subject, () => reader.read(place, { expected: className }), options, ort);
}

function assembled(
  subject: string,
  read: () => Promise<ReadModel>,
  options: RuntimeOptions & FetchingOptions,
  ort: OrtModule | undefined,
): Promise<VaeParts> {
  return abortable(options.signal, async () => {
    // First, since it refuses devices that are not there, before anything is downloaded.
    const engine = await openEngine(subject, options, ort);
    const { loaded, warnings } = await read();
    return assemble(wholeModel(loaded), warnings, engine, options);
  });
}
