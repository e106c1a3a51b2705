/** The machine as a browser knows it. */
import { defaultProfile, providerOf } from "../planner/index.ts";
import type { Machine } from "../vae/machine.ts";

/** A browser says nothing of its memory, and has no temporary files. */
export const browser: Machine = {
  processBytes: () => undefined,
  availableBytes: () => undefined,
  hasFiles: false,
  costProfile: (runtime) => Promise.resolve(defaultProfile(providerOf(runtime), 1)),
};
