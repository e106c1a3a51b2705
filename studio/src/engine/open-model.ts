/** Everything of vaekit that computes: loaded when the page already shows something. */
import { AutoencoderKL, openVae, Tensor, type FetchingOptions, type WebVae } from "vaekit";

export type Model = AutoencoderKL;

/** The address of a model's folder, or files of the visitor's: weights, with or without their config.json. */
export type ModelPlace = URL | readonly File[];

/** Opens a model and computes a small picture once, so that the first real one is not the slowest. */
export async function openModel(place: ModelPlace, options: FetchingOptions): Promise<Model> {
  const model = await open(place, options);
  if (!(model instanceof AutoencoderKL)) {
    throw new Error(
      `The studio looks at models of the class AutoencoderKL, and this one is of ${model.className}.`,
    );
  }
  const { latentDist } = await model.encode(Tensor.zeros([1, 3, 32, 32]));
  await model.decode(latentDist.mean);
  return model;
}

function open(place: ModelPlace, options: FetchingOptions): Promise<WebVae> {
  // The service worker keeps the files.
  if (place instanceof URL) return openVae(place, { ...options, cache: false });
  const [only, ...others] = place;
  return openVae(only !== undefined && others.length === 0 ? only : place);
}
