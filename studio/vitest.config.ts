import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  test: {
    include: ["test/**/*.test.ts", "src/**/*.test.ts"],
    // For what hangs. Nothing is judged by its time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // A page computes with a whole core.
    maxWorkers: 2,
  },
});
