/** The machine as a browser knows it. */
import { defaultProfile } from "../cost/index.ts";
import type { Machine } from "../vae/machine.ts";

/** A browser says little of its memory, and has no temporary files. */
export const browser: Machine = {
  processBytes: () => undefined,
  availableBytes: machineBytes,
  hasFiles: false,
  costProfile: (provider) => Promise.resolve(defaultProfile(provider, 1)),
};

/** All memory of the machine, as far as a page may know: Chromium says it, roughly. */
function machineBytes(): number | undefined {
  const { navigator } = globalThis as { navigator?: { readonly deviceMemory?: number } };
  return navigator?.deviceMemory === undefined ? undefined : navigator.deviceMemory * 2 ** 30;
}
