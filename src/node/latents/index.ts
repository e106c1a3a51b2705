/** Files of latents. */
export { latentsMetadata, type LatentsOrigin } from "./metadata.ts";
export { readLatents, type ReadLatentsOptions } from "./read-latents.ts";
export type { LatentsScale } from "./scale.ts";
