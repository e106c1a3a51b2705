/** Writes which scripts are the studio's and Svelte's, and which are vaekit's alone: the studio's weight is that of the first. */
import type { Plugin } from "vite";

export function ownChunks(): Plugin {
  return {
    name: "own-chunks",
    apply: "build",
    generateBundle(_, bundle) {
      const own = Object.values(bundle).flatMap((file) => {
        if (file.type !== "chunk") return [];
        const isOwn = file.moduleIds.some((id) => id.includes("/studio/src/") || id.includes("/svelte/"));
        return isOwn ? [file.fileName] : [];
      });
      this.emitFile({ type: "asset", fileName: ".vite/own.json", source: JSON.stringify(own) });
    },
  };
}
