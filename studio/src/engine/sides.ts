/** Sides in pixels that a picture can be computed at. */
export const sizes = [128, 256, 512] as const;
export type Size = (typeof sizes)[number];

/** A drag feels live when each frame of it takes no longer. */
const frameMs = 150;

/**
 * The side for the frames of a drag: the largest up to `atRest` that is fast enough, since computing takes time as its pixels do.
 *
 * @param usualMs how long it takes at the side at rest; undefined where nobody knows yet.
 */
export function sideWhileDragging(atRest: Size, usualMs: number | undefined): Size {
  const msPerPixel = (usualMs ?? Infinity) / atRest ** 2;
  return sizes.findLast((side) => side <= atRest && side ** 2 * msPerPixel <= frameMs) ?? sizes[0];
}
