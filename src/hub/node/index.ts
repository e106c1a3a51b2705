/** The Hugging Face hub for Node: finds or downloads a VAE in the cache shared with Python. */
export { placeOf, withoutFolder } from "./model-place.ts";
export { resolveFromHub } from "./resolve.ts";
export type { HubOptions, HubResolution } from "./options.ts";
