/** The pictures that come with the studio: the package's sample, and three that are made by formulas. */
import { resizeRaster, type Raster } from "vaekit";
import { landscape } from "./landscape.ts";
import { letters } from "./letters.ts";
import { squareOf } from "./read-picture.ts";
import { rings } from "./rings.ts";

export const builtInIds = ["still-life", "landscape", "letters", "rings"] as const;
export type BuiltInId = (typeof builtInIds)[number];

const made: Readonly<Record<BuiltInId, () => Promise<Raster> | Raster>> = {
  "still-life": async () => {
    const response = await fetch(new URL("pictures/sample.png", document.baseURI));
    return squareOf(await response.blob());
  },
  landscape,
  letters,
  rings,
};

const kept = new Map<BuiltInId, Promise<Raster>>();

/** 512 pixels wide and high. */
export function builtInPicture(id: BuiltInId): Promise<Raster> {
  const before = kept.get(id);
  if (before !== undefined) return before;
  const picture = Promise.resolve(made[id]());
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
