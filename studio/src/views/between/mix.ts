/** Mixtures of latents and of pixels: the same weights, in both. */
import {
  combineLatents,
  interpolateLatents,
  resizeRaster,
  type Interpolation,
  type Raster,
  type Tensor,
} from "vaekit";
import type { Model } from "../../engine/engine.svelte.ts";
import { builtInPicture, type BuiltInId } from "../../subject/built-in.ts";

type Latents = Tensor<"float32">;

/** A way, or a sum. */
export type Mixture =
  | { readonly mode: "between"; readonly at: number; readonly kind: Interpolation }
  | { readonly mode: "sum"; readonly strength: number };

/** @param terms the latents of the pictures as the encoder gives them: two of a way, three of a sum. */
export function mixedLatents(model: Model, terms: readonly Latents[], mixture: Mixture): Latents {
  // Around mean 0: only there the arc is one.
  const [a, b, c] = terms.map((each) => model.normalizeLatents(each)) as [Latents, Latents, Latents?];
  if (mixture.mode === "between")
    return model.denormalizeLatents(interpolateLatents(a, b, mixture.at, mixture.kind));
  const { strength } = mixture;
  const sum = [
    { latents: a, weight: 1 },
    { latents: b, weight: -strength },
    ...(c === undefined ? [] : [{ latents: c, weight: strength }]),
  ];
  return model.denormalizeLatents(combineLatents(sum));
}

/** What the same weights make of the pictures themselves. */
export function mixedPixels(pictures: readonly Raster[], mixture: Mixture): Raster {
  const [a, b, c] = pictures as [Raster, Raster, Raster?];
  const weights =
    mixture.mode === "between" ? [1 - mixture.at, mixture.at, 0] : [1, -mixture.strength, mixture.strength];
  const data = Uint8Array.from(a.data, (value, i) => {
    const mixed = weights[0]! * value + weights[1]! * b.data[i]! + weights[2]! * (c?.data[i] ?? 0);
    return Math.round(Math.min(Math.max(mixed, 0), 255));
  });
  return { ...a, data };
}

/** A built-in picture and its latents, encoded once for each size of each model. */
export class Companions {
  #kept = new Map<string, { readonly picture: Raster; readonly latents: Latents }>();
  #model: Model | undefined;

  async get(model: Model, id: BuiltInId, size: number): Promise<{ picture: Raster; latents: Latents }> {
    if (this.#model !== model) this.#kept = new Map();
    this.#model = model;
    const name = `${id} ${size}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const picture = resizeRaster(await builtInPicture(id), size, size);
    const encoded = { picture, latents: (await model.encode(model.preprocess(picture))).latents() };
    this.#kept.set(name, encoded);
    return encoded;
  }
}
