/**
 * What the page shows before the model is there: every view as it begins, with the first built-in picture at 256x256. The files are
 * made from the page itself by tools/prerender.mjs.
 */
import { DiagonalGaussianDistribution, Tensor, type Raster } from "vaekit";
import type { BuiltInId } from "../subject/built-in.ts";
import { rasterOf } from "../subject/read-picture.ts";
import momentsUrl from "./moments.bin?url";
import numbers from "./numbers.json" with { type: "json" };

const urls: Readonly<Record<string, string>> = import.meta.glob("./*.webp", {
  query: "?url",
  import: "default",
  eager: true,
});

const asked = new Map<string, Promise<Raster>>();

/** By the name of the canvas that it is for. */
export async function prerenderedPicture(name: string): Promise<Raster | undefined> {
  const url = urls[`./${name}.webp`];
  if (url === undefined) return undefined;
  const before = asked.get(url);
  if (before !== undefined) return before;
  const picture = fetch(url)
    .then((response) => response.blob())
    .then(rasterOf);
  asked.set(url, picture);
  picture.catch(() => asked.delete(url));
  return picture;
}

/** Begins to fetch a view's pictures, while its script is under way. */
export function fetchPicturesAhead(view: string): void {
  for (const path of Object.keys(urls)) {
    const name = path.slice(2, -".webp".length);
    // Without a network there are none, and nothing else either.
    if (name === view || name.startsWith(`${view}-`)) prerenderedPicture(name).catch(() => undefined);
  }
}

/** The address of a built-in picture at the size of a button. */
export const thumbnailUrl = (id: BuiltInId): string => urls[`./thumbnail-${id}.webp`]!;

/** A view's number by its name. */
export function prerenderedNumber(view: string, name: string): number | undefined {
  const views: Readonly<Record<string, Readonly<Record<string, number>> | undefined>> = numbers.views;
  return views[view]?.[name];
}

/** What the decoder loses without each channel: the PSNR to its own reconstruction. */
export const psnrWithout: readonly number[] = numbers.without;

export async function prerenderedPosterior(): Promise<DiagonalGaussianDistribution> {
  const response = await fetch(momentsUrl);
  const halves = new Uint16Array(await response.arrayBuffer());
  return new DiagonalGaussianDistribution(Tensor.from(halves, [1, 32, 32, 32], "float16"));
}
