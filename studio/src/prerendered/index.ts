/** What was computed before, so that there is something to see in the first second: the first built-in picture at 256x256. */
import { DiagonalGaussianDistribution, Tensor, type Raster } from "vaekit";
import { rasterOf } from "../subject/read-picture.ts";
import momentsUrl from "./moments.bin?url";
import reconstructionUrl from "./reconstruction.webp?url";
import numbers from "./numbers.json" with { type: "json" };

/** PSNR and SSIM of the reconstruction, and the PSNR to it of each channel's absence. */
export { numbers };

const pictures = {
  reconstruction: reconstructionUrl,
};
export type PrerenderedPicture = keyof typeof pictures;

export async function prerenderedPicture(name: PrerenderedPicture): Promise<Raster> {
  const response = await fetch(pictures[name]);
  return rasterOf(await response.blob());
}

export async function prerenderedPosterior(): Promise<DiagonalGaussianDistribution> {
  const response = await fetch(momentsUrl);
  const halves = new Uint16Array(await response.arrayBuffer());
  return new DiagonalGaussianDistribution(Tensor.from(halves, [1, 32, 32, 32], "float16"));
}
