/** This machine, as Node knows it. */
import { availableParallelism, freemem } from "node:os";
import { loadProfile, profileKey } from "../cost/node/index.ts";
import type { Machine } from "../vae/machine.ts";

/** Since Node 20.13: it knows the limits of a container, too. */
const availableBytes = (): number => ("availableMemory" in process ? process.availableMemory() : freemem());

export function thisMachine(
  { threadCount = 0, hasFiles = true }: { readonly threadCount?: number; readonly hasFiles?: boolean },
  onWarning: (message: string) => void,
): Machine {
  return {
    processBytes: () => process.memoryUsage.rss(),
    availableBytes,
    hasFiles,
    costProfile: async (provider) => {
      const threads = threadCount === 0 ? availableParallelism() : threadCount;
      const { profile } = await loadProfile(profileKey(provider, threads), { onWarning });
      return profile;
    },
  };
}
