/** Everything of vaekit that computes: loaded when the page already shows something. */
import { openVae, type FetchingOptions, type WebVae } from "vaekit";
import { KnownFailure } from "./failure.ts";

export type Model = WebVae;

/** The address of a model's folder or file, or files of the visitor's: weights, with or without their config.json. */
export type ModelPlace = URL | readonly File[];

/** @throws VaekitError; KnownFailure for a model that does not turn pictures into latents and back. */
export async function openModel(place: ModelPlace, options: FetchingOptions): Promise<Model> {
  const model = await open(place, options);
  const { layout, inChannels, outChannels } = model.facts;
  if (layout === "planes" && inChannels === 3 && outChannels === 3 && model.halves.length === 2) return model;
  await model.dispose();
  const found = `${model.className} with ${model.halves.join(" and ")}, ${inChannels} and ${outChannels} channels`;
  throw new KnownFailure(
    "notForPictures",
    `Expected a model with an encoder and a decoder of RGB pictures, found ${found}.`,
  );
}

function open(place: ModelPlace, options: FetchingOptions): Promise<WebVae> {
  // The service worker keeps the files.
  if (place instanceof URL) return openVae(place, { ...options, cache: false });
  const [only, ...others] = place;
  return openVae(only !== undefined && others.length === 0 ? only : place);
}
