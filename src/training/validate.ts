/** How good a model is on pictures that it was not trained on. */
import { psnr, ssim, type Raster } from "../images/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { rastersOf, type Trainer, type WeightsKind } from "../train/index.ts";
import type { TrainingData } from "./training-data.ts";

/** Metrics by name: `psnr`, `ssim`, and the same with `ema_` in front; the objective's terms. */
export type ValidationMetrics = Readonly<Record<string, number>>;

/** Sides below this have no SSIM: its window does not fit. */
const minSsimSide = 11;

/**
 * Means over the validation pictures. PSNR and SSIM are those of 8-bit pictures, as `vaekit roundtrip` has them; the
 * objective's terms are computed where noise and likelihood are what counts: for an MLP, and with LPIPS.
 */
export async function validate(
  trainer: Trainer,
  recipe: Recipe,
  data: TrainingData,
): Promise<ValidationMetrics> {
  const sums = new Map<string, { sum: number; count: number }>();
  const add = (name: string, value: number, count: number): void => {
    const known = sums.get(name) ?? { sum: 0, count: 0 };
    sums.set(name, { sum: known.sum + value * count, count: known.count + count });
  };
  const isMlp = recipe.model.type === "mlp";
  const kinds: readonly WeightsKind[] = recipe.ema === null ? ["raw"] : ["raw", "ema"];
  let index = 0;
  for await (const sample of data.validation()) {
    const count = sample.shape[0]!;
    if (isMlp || recipe.loss.perceptual !== null) {
      for (const [name, value] of Object.entries(await trainer.evaluate(sample, index)))
        add(name, value, count);
    }
    if (!isMlp) {
      for (const kind of kinds) {
        const { reconstruction } = await trainer.reconstruct(sample, kind);
        const quality = pictureQuality(recipe, sample, reconstruction);
        for (const [name, value] of Object.entries(quality))
          add(kind === "raw" ? name : `ema_${name}`, value, count);
      }
    }
    index++;
  }
  return Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
}

function pictureQuality(
  recipe: Recipe,
  sample: Tensor<"float32">,
  reconstruction: Tensor<"float32">,
): Record<string, number> {
  const original = rastersOf(sample, recipe.data.range);
  const decoded = rastersOf(reconstruction, recipe.data.range);
  const mean = (measure: (a: Raster, b: Raster) => number): number =>
    original.reduce((sum, picture, i) => sum + measure(picture, decoded[i]!), 0) / original.length;
  const isLarge = Math.min(original[0]!.width, original[0]!.height) >= minSsimSide;
  return { psnr: mean(psnr), ...(isLarge ? { ssim: mean(ssim) } : {}) };
}
