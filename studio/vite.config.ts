import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { engineHints } from "./build/engine-hints.ts";
import { ownChunks } from "./build/own-chunks.ts";
import { packageAssets } from "./build/package-assets.ts";
import { serviceWorker } from "./build/service-worker.ts";

export default defineConfig({
  // Relative addresses, so that the same files work under any path of any host.
  base: "./",
  plugins: [svelte(), packageAssets(), engineHints(), ownChunks(), serviceWorker()],
  worker: { format: "es" },
  build: { manifest: true, target: "es2022", chunkSizeWarningLimit: 200 },
});
