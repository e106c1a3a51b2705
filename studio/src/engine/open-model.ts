/** Everything of vaekit that computes: loaded when the page already shows something. */
import { AutoencoderKL, Tensor } from "vaekit";

/** Opens the model in the folder `url` and computes a small picture once, so that the first real one is not the slowest. */
export async function openModel(url: URL): Promise<AutoencoderKL> {
  const model = await AutoencoderKL.fromPretrained(url);
  const { latentDist } = await model.encode(Tensor.zeros([1, 3, 32, 32]));
  await model.decode(latentDist.mean);
  return model;
}
