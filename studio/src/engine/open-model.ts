/** Everything of vaekit that computes: loaded when the page already shows something. */
import { AutoencoderKL, openVae, Tensor, type FetchingOptions } from "vaekit";

export type Model = AutoencoderKL;

/** Opens the model in the folder `url` and computes a small picture once, so that the first real one is not the slowest. */
export async function openModel(url: URL, options: FetchingOptions): Promise<Model> {
  // The service worker keeps the files.
  const model = await openVae(url, { ...options, cache: false });
  if (!(model instanceof AutoencoderKL)) {
    throw new Error(
      `The studio looks at models of the class AutoencoderKL, and this one is of ${model.className}.`,
    );
  }
  const { latentDist } = await model.encode(Tensor.zeros([1, 3, 32, 32]));
  await model.decode(latentDist.mean);
  return model;
}
