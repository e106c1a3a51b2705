/** The pictures that come with the studio: the package's sample, and three that are made by formulas. */
import { resizeRaster, type Raster } from "vaekit";
import type { FormulaId } from "./formulas.ts";
import { squareOf } from "./read-picture.ts";

export const builtInIds = ["still-life", "landscape", "letters", "rings"] as const;
export type BuiltInId = (typeof builtInIds)[number];

async function sample(): Promise<Raster> {
  const response = await fetch(new URL("pictures/sample.png", document.baseURI));
  return squareOf(await response.blob());
}

function byFormula(id: FormulaId): Promise<Raster> {
  const worker = new Worker(new URL("./formula-worker.ts", import.meta.url), { type: "module" });
  const picture = new Promise<Raster>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Raster>) => {
      resolve(data);
    };
    worker.onerror = ({ message }) => {
      reject(new Error(message || "The script that makes pictures could not be loaded."));
    };
    worker.postMessage(id);
  });
  return picture.finally(() => {
    worker.terminate();
  });
}

const kept = new Map<BuiltInId, Promise<Raster>>();

/** 512 pixels wide and high. */
export function builtInPicture(id: BuiltInId): Promise<Raster> {
  const before = kept.get(id);
  if (before !== undefined) return before;
  const picture = id === "still-life" ? sample() : byFormula(id);
  kept.set(id, picture);
  // Without a network at first, it may be there later.
  picture.catch(() => kept.delete(id));
  return picture;
}

/** The built-in picture after the one that is shown, for views that need two. */
export async function otherPicture(id: BuiltInId | "own", size: number): Promise<Raster> {
  const next = builtInIds[(builtInIds.findIndex((each) => each === id) + 1) % builtInIds.length]!;
  return resizeRaster(await builtInPicture(next), size, size);
}
