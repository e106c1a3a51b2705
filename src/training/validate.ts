/** How good a model is on pictures that it was not trained on. */
import { psnr, ssim, type Raster } from "../images/index.ts";
import { rastersOf } from "../images/picture-sheets.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isDistilled, type WeightsKind } from "../train/index.ts";
import type { ValidationMetrics } from "./options.ts";
import { CodebookUsage } from "./codebook-usage.ts";
import type { RunLoopParts } from "./run-loop-parts.ts";

/** Sides below this have no SSIM: its window does not fit. */
const minSsimSide = 11;

/**
 * Means over the validation pictures. PSNR and SSIM are those of 8-bit pictures, as `vaekit roundtrip` has them; the
 * objective's terms are computed where noise and likelihood are what counts, as for an MLP, with LPIPS or a likelihood, and with
 * a teacher's latents, whose pictures these are then. Of a model with a codebook also how much of it all the pictures together use.
 */
export async function validate({
  engine,
  model,
  options: { recipe },
  data,
}: RunLoopParts): Promise<ValidationMetrics> {
  const sums = new Map<string, { sum: number; count: number }>();
  const add = (name: string, value: number, count: number): void => {
    const known = sums.get(name) ?? { sum: 0, count: 0 };
    sums.set(name, { sum: known.sum + value * count, count: known.count + count });
  };
  const usages = new Map<WeightsKind, CodebookUsage>();
  const usageOf = (kind: WeightsKind): CodebookUsage => {
    const known = usages.get(kind) ?? new CodebookUsage();
    usages.set(kind, known);
    return known;
  };
  const isJudgedByLikelihood = model.latents === undefined;
  // What an encoder has learned of a teacher shows in no picture.
  const isJudgedByTerms =
    isJudgedByLikelihood ||
    recipe.loss.perceptual !== null ||
    recipe.loss.likelihood !== null ||
    isDistilled(model.network);
  const kinds: readonly WeightsKind[] = recipe.ema === null ? ["raw"] : ["raw", "ema"];
  let index = 0;
  for await (const sample of data.validation()) {
    const count = sample.shape[0]!;
    if (isJudgedByTerms) {
      for (const [name, value] of Object.entries(await engine.evaluate(sample, index)))
        add(name, value, count);
    }
    if (!isJudgedByLikelihood) {
      for (const kind of kinds) {
        const { reconstruction, rowUses } = await engine.reconstruct(sample, kind);
        if (rowUses !== undefined) usageOf(kind).add(rowUses.data);
        const quality = pictureQuality(recipe, sample, reconstruction);
        for (const [name, value] of Object.entries(quality)) add(named(kind, name), value, count);
      }
    }
    index++;
  }
  const means = [...sums].map(([name, { sum, count }]) => [name, sum / count] as const);
  const ofCodebook = [...usages].flatMap(([kind, usage]) =>
    Object.entries(usage.result()).map(([name, value]) => [named(kind, name), value] as const),
  );
  return Object.fromEntries([...means, ...ofCodebook]);
}

const named = (kind: WeightsKind, name: string): string => (kind === "raw" ? name : `ema_${name}`);

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
