/** Opens an autoencoder of whatever class, from wherever it is: whole, one half alone, or two halves from different places. */
import { VaekitError } from "../errors.ts";
import { placeOf, type ModelPlace } from "../hub/model-place.ts";
import type { VaeModel } from "../models/index.ts";
import { describeValue } from "../util/describe-value.ts";
import { halfNames } from "../vae/halves.ts";
import { halfModel, modelOrHalf, pairedModel, type OpenedModel } from "../vae/opened.ts";
import type { Half } from "../vae/options.ts";
import { assemble } from "./assemble.ts";
import { vaeOf, type NodeVae } from "./classes.ts";
import { loadFile, loadFolder, type ReadModel } from "./load-model.ts";
import { locateFolder } from "./locate.ts";
import { checkOpenVaeOptions, checkOptionsForPlaces, type OpenVaeOptions } from "./opening-options.ts";

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

interface Opened {
  readonly opened: OpenedModel;
  readonly warnings: readonly string[];
}

async function open(source: string | ModelHalves, options: OpenVaeOptions): Promise<Opened> {
  if (typeof source === "string" && source !== "") {
    const place = await placeOf(source);
    checkOptionsForPlaces(options, [place]);
    const { loaded, warnings } = await read(source, place, options);
    return { opened: modelOrHalf(loaded), warnings };
  }
  const named = namedHalves(source);
  const places = await Promise.all(named.map(([, name]) => placeOf(name)));
  checkOptionsForPlaces(options, places);
  const sources = named.map(([half, name], index) => ({ half, name, place: places[index]! }));
  const found = await readHalves(sources, options);
  const { encoder, decoder } = found;
  const warnings = [...(encoder?.warnings ?? []), ...(decoder?.warnings ?? [])];
  if (encoder !== undefined && decoder !== undefined) {
    const loaded = { encoder: encoder.loaded, decoder: decoder.loaded };
    return { opened: pairedModel("openVae", loaded), warnings };
  }
  const [half] = named[0]!;
  return { opened: halfModel(found[half]!.loaded, half), warnings };
}

interface HalfSource {
  readonly half: Half;
  readonly name: string;
  readonly place: ModelPlace;
}

/**
 * Single files last: one that does not say which class it is of, such as FLUX.2's small_decoder.safetensors, is of the
 * other half's.
 */
async function readHalves(
  sources: readonly HalfSource[],
  options: OpenVaeOptions,
): Promise<Partial<Record<Half, ReadModel>>> {
  const found: Partial<Record<Half, ReadModel>> = {};
  let like: VaeModel | undefined;
  const inOrder = [...sources].sort((a, b) => Number(a.place === "file") - Number(b.place === "file"));
  for (const { half, name, place } of inOrder) {
    const one = await read(name, place, options, like);
    like ??= one.loaded.model;
    found[half] = one;
  }
  return found;
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

function namedHalves(source: unknown): [Half, string][] {
  const given = typeof source === "object" && source !== null ? source : {};
  const keys = Object.keys(given).filter((key) => Reflect.get(given, key) !== undefined);
  const isNamed = (key: string): boolean => {
    const name: unknown = Reflect.get(given, key);
    return halfNames.some((half) => half === key) && typeof name === "string" && name !== "";
  };
  if (keys.length > 0 && keys.every(isNamed)) {
    return (keys as Half[]).map((half) => [half, Reflect.get(given, half) as string]);
  }
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `openVae: expected a folder, a hub id or a single file, or { encoder, decoder } of these, found ${describeValue(source)}.`,
  );
}
