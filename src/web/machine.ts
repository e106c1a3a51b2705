/** The machine as a browser knows it. */
import { defaultProfile } from "../cost/index.ts";
import type { Machine } from "../vae/machine.ts";

/** A browser says nothing of its memory, and has no temporary files. */
export const browser: Machine = {
  processBytes: () => undefined,
  availableBytes: () => undefined,
  hasFiles: false,
  costProfile: (provider) => Promise.resolve(defaultProfile(provider, 1)),
};
