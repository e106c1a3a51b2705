/** The same model and picture in Node, to compare the page's numbers with. */
import { fileURLToPath } from "node:url";
import { AutoencoderKL, readImage, resizeRaster, type Raster, type Tensor } from "vaekit";

const sample = fileURLToPath(new URL("../../assets/sample.png", import.meta.url));

export async function nodeModel() {
  const vae = await AutoencoderKL.default();
  const original = resizeRaster(await readImage(sample), 256, 256);
  const { latentDist } = await vae.encode(vae.preprocess(original));
  const decoded = async (latents: Tensor): Promise<Raster> => {
    const { sample: pixels } = await vae.decode(latents);
    return vae.postprocess(pixels)[0]!;
  };
  return { vae, original, latentDist, decoded };
}
