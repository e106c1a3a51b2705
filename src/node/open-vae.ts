/** Opens an autoencoder of whatever class, from wherever it is: whole, one half alone, or two halves from different places. */
import { checkOptionsForPlaces, type ModelPlace } from "../hub/model-place.ts";
import { placeOf } from "../hub/node/model-place.ts";
import type { VaeModel } from "../models/index.ts";
import { namedHalves, openHalves, openPart, type OpenedParts, type PartSource } from "../vae/open-halves.ts";
import type { ReadModel } from "../vae/read-model.ts";
import { assemble } from "./assemble.ts";
import { vaeOf, type NodeVae } from "./classes.ts";
import { loadFile, loadFolder } from "./load-model.ts";
import { locateFolder } from "./locate.ts";
import { checkOpenVaeOptions, placesOf, type OpenVaeOptions } from "./opening-options.ts";

/** Where each half is: a folder, a hub id or a single file, of the half alone or of a whole model. One will do. */
export interface ModelHalves {
  /** Where pixels become latents. */
  readonly encoder?: string;
  /** Where latents become pixels. */
  readonly decoder?: string;
}

/**
 * Opens an autoencoder. Its config.json says which class it is of; a single file's tensors do.
 *
 * @param source a folder in diffusers' format, a hub id ("org/name"), or a single .safetensors file; or where each half is. A file or
 *   folder that holds one half alone opens too, and does what that half can.
 * @throws NOT_FOUND, IO, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH, UNSUPPORTED for a class that vaekit does not read;
 *   INVALID_ARGUMENT for halves that do not fit each other, and for options that mean nothing for the source.
 */
export async function openVae(source: string | ModelHalves, options: OpenVaeOptions = {}): Promise<NodeVae> {
  checkOpenVaeOptions(options);
  const { opened, warnings } = await open(source, options);
  const parts = assemble(opened, warnings, options);
  return vaeOf(parts);
}

const isName = (value: unknown): value is string => typeof value === "string" && value !== "";

async function open(source: string | ModelHalves, options: OpenVaeOptions): Promise<OpenedParts> {
  if (isName(source)) {
    const place = await placeOf(source);
    checkOptionsForPlaces("openVae", options, placesOf, [place]);
    return openPart(partAt(source, place, options));
  }
  const named = namedHalves("openVae", source, isName, "a folder, a hub id or a single file");
  const places = await Promise.all(named.map(([, name]) => placeOf(name)));
  checkOptionsForPlaces("openVae", options, placesOf, places);
  const sources = named.map(([half, name], index) => [half, partAt(name, places[index]!, options)] as const);
  return openHalves("openVae", Object.fromEntries(sources));
}

function partAt(name: string, place: ModelPlace, options: OpenVaeOptions): PartSource {
  return { isFile: place === "file", read: (like) => read(name, place, options, like) };
}

async function read(
  name: string,
  place: ModelPlace,
  options: OpenVaeOptions,
  like?: VaeModel,
): Promise<ReadModel> {
  const { as, config, variant } = options;
  if (place === "file") {
    const given = { ...(as && { as }), ...(config !== undefined && { config }) };
    return loadFile(name, given, { ...(like && { like }) });
  }
  // A revision is for the hub's half of a pair.
  const { revision, ...rest } = options;
  const of = place === "hub" && revision !== undefined ? { ...rest, revision } : rest;
  return loadFolder(name, await locateFolder(name, place, of, "openVae"), { variant });
}
