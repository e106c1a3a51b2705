/** Files of latents. */
export { latentsMetadata, type LatentsOrigin } from "./metadata.ts";
export { readLatents, type FoundLatents, type ReadLatentsOptions } from "./read-latents.ts";
export type { LatentsScale } from "./scale.ts";
