/** How a class of models opens its own in the browser: from a folder or the hub, from a single file, or a built-in one. */
import { VaekitError } from "../errors.ts";
import { checkOptionsForPlaces } from "../hub/model-place.ts";
import type { OrtModule } from "../runtime/web/ort-module.ts";
import { checkValue } from "../util/check-options.ts";
import { wholeModel } from "../vae/opened.ts";
import type { ReadModel } from "../vae/read-model.ts";
import type { VaeParts } from "../vae/vae.ts";
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
import { withEngine } from "./open-engine.ts";
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

/** A class that can be made of a model's parts. */
export interface VaeClass<Opened> {
  of(parts: VaeParts): Opened;
}

/** What is opened: models of this name alone, as this class. */
export interface OpenedClass<Opened> {
  readonly className: string;
  readonly vaeClass: VaeClass<Opened>;
}

/**
 * A hub id, the URL of a folder, or the files of one that a user chose.
 *
 * @throws INVALID_ARGUMENT, NOT_FOUND, IO, HUB, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
 */
export async function fromPretrained<Opened>(
  as: OpenedClass<Opened>,
  source: ModelSource,
  options: FromPretrainedOptions,
  ort?: OrtModule,
): Promise<Opened> {
  checkFromPretrainedOptions(options);
  const place = placeOf("fromPretrained", source);
  if (place.place === "file") {
    const message = `fromPretrained: ${nameOf(place)}: expected a model's folder, found a single file. Open it with fromSingleFile.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  checkOptionsForPlaces("fromPretrained", options, placesOf, [place.place]);
  return open("fromPretrained", as, { place, options, ort });
}

/**
 * The URL or the Blob of a single .safetensors file.
 *
 * @throws INVALID_CONFIG when nothing says its config, and as {@link fromPretrained}
 */
export async function fromSingleFile<Opened>(
  as: OpenedClass<Opened>,
  source: string | URL | Blob,
  options: FromSingleFileOptions,
  ort?: OrtModule,
): Promise<Opened> {
  checkFromSingleFileOptions(options);
  const found = placeOf("fromSingleFile", source);
  // What an address leads to, its ending need not say.
  const place: WebPlace = "url" in found ? { ...found, place: "file" } : found;
  if (place.place !== "file") {
    const message = `fromSingleFile: expected the URL or the Blob of a .safetensors file, found ${nameOf(place)}. Open a folder or a hub id with fromPretrained.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  return open("fromSingleFile", as, { place, options, ort });
}

/** A model inside the package. @throws NOT_FOUND, INVALID_FILE where a bundler left its weights behind; IO, ABORTED */
export async function openBuiltIn<Opened>(
  vaeClass: VaeClass<Opened>,
  model: BuiltInModel,
  options: RuntimeOptions & FetchingOptions,
  ort?: OrtModule,
): Promise<Opened> {
  checkDefaultOptions(options);
  const reader = new ModelReader("default", options);
  return assembled("default", vaeClass, (onClass) => reader.readBuiltIn(model, { onClass }), {
    options,
    ort,
  });
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

interface Running {
  readonly options: RuntimeOptions & FetchingOptions;
  readonly ort: OrtModule | undefined;
}

interface Opening extends Running {
  readonly place: WebPlace;
  readonly options: FromPretrainedOptions & FromSingleFileOptions;
}

function open<Opened>(
  subject: string,
  { className, vaeClass }: OpenedClass<Opened>,
  { place, ...running }: Opening,
): Promise<Opened> {
  const reader = new ModelReader(subject, running.options);
  const read: Read = (onClass) => reader.read(place, { expected: className, onClass });
  return assembled(subject, vaeClass, read, running);
}

/** @param onClass told the class's name before the weights are there. */
type Read = (onClass: (className: string) => void) => Promise<ReadModel>;

function assembled<Opened>(
  subject: string,
  vaeClass: VaeClass<Opened>,
  read: Read,
  { options, ort }: Running,
): Promise<Opened> {
  return withEngine(subject, options, ort, async (engine) => {
    const { loaded, warnings } = await read(engine.expect);
    return vaeClass.of(assemble(wholeModel(loaded), warnings, engine.make, options));
  });
}
