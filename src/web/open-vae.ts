/** Opens an autoencoder of whatever class, from wherever it is: whole, one half alone, or two halves from different places. */
import { checkOptionsForPlaces } from "../hub/model-place.ts";
import type { OrtModule } from "../runtime/web/ort-module.ts";
import { namedHalves, openHalves, openPart, type OpenedParts, type PartSource } from "../vae/open-halves.ts";
import { assemble } from "./assemble.ts";
import { loadClass, vaeOf, type WebVae } from "./classes.ts";
import { ModelReader } from "./load-model.ts";
import {
  expectedSource,
  isModelSource,
  placeOfSource,
  type ModelSource,
  type WebPlace,
} from "./model-source.ts";
import { withEngine } from "./open-engine.ts";
import { checkOpenVaeOptions, placesOf, type OpenVaeOptions } from "./opening-options.ts";

/** Where each half is: of the half alone or of a whole model. One will do. */
export interface ModelHalves {
  /** Where pixels become latents. */
  readonly encoder?: ModelSource;
  /** Where latents become pixels. */
  readonly decoder?: ModelSource;
}

/**
 * Opens an autoencoder. Its config.json says which class it is of; a single file's tensors do.
 *
 * @param source a hub id ("org/name"); the URL of a folder in diffusers' format, whose query goes with every file, or of a single
 *   .safetensors file; a Blob; the files that a user chose, a folder's or config.json and the weights; or where each half is. What
 *   holds one half alone opens too, and does what that half can.
 * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
 * @throws NOT_FOUND, IO, HUB, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH, UNSUPPORTED for a class that vaekit does not
 *   read; INVALID_ARGUMENT for halves that do not fit each other, and for options that mean nothing for the source.
 */
export async function openVae(
  source: ModelSource | ModelHalves,
  options: OpenVaeOptions = {},
  ort?: OrtModule,
): Promise<WebVae> {
  checkOpenVaeOptions(options);
  const open = partsOf(source, options);
  return withEngine("openVae", options, ort, async (engine) => {
    const { opened, warnings } = await open((className) => {
      engine.expect(className);
      loadClass(className);
    });
    return vaeOf(assemble(opened, warnings, engine.make, options));
  });
}

type OnClass = (className: string) => void;

/** @param onClass told the class's name before weights are there, where it is known. */
type OpenParts = (onClass: OnClass) => Promise<OpenedParts>;

/** What opens the source, once its place and its options are checked. */
function partsOf(source: ModelSource | ModelHalves, options: OpenVaeOptions): OpenParts {
  const reader = new ModelReader("openVae", options);
  const partAt = (place: WebPlace, onClass: OnClass): PartSource => ({
    isFile: place.place === "file",
    read: (like) => reader.read(place, { like, onClass }),
  });
  if (isModelSource(source)) {
    const place = placeOfSource("openVae", source);
    checkOptionsForPlaces("openVae", options, placesOf, [place.place]);
    return (onClass) => openPart(partAt(place, onClass));
  }
  const halves = namedHalves("openVae", source, isModelSource, expectedSource);
  const places = halves.map(([half, each]) => [half, placeOfSource("openVae", each)] as const);
  checkOptionsForPlaces(
    "openVae",
    options,
    placesOf,
    places.map(([, { place }]) => place),
  );
  return (onClass) => {
    const parts = places.map(([half, place]) => [half, partAt(place, onClass)] as const);
    return openHalves("openVae", Object.fromEntries(parts));
  };
}
