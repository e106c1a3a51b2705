/** This machine, as Node knows it. */
import { availableParallelism, freemem } from "node:os";
import { loadProfile, profileKey } from "../cost/node/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Machine } from "../vae/machine.ts";

/** Since Node 20.13: it knows the limits of a container, too. */
const availableBytes = (): number => ("availableMemory" in process ? process.availableMemory() : freemem());

/** @param runtime what computes: WebAssembly has no temporary files. */
export function thisMachine(
  { name, threadCount = 0 }: Pick<Runtime, "name" | "threadCount">,
  onWarning: (message: string) => void,
): Machine {
  return {
    processBytes: () => process.memoryUsage.rss(),
    availableBytes,
    hasFiles: name === "onnxruntime-node",
    costProfile: async (provider) => {
      const threads = threadCount === 0 ? availableParallelism() : threadCount;
      const { profile } = await loadProfile(profileKey(provider, threads), { onWarning });
      return profile;
    },
  };
}
