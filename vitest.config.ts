import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    globalSetup: ["test/own-temporary-folder.ts"],
    // For what hangs. Nothing is judged by its time: on a busy machine everything takes ten times as long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The native runtime is parallel inside; more files at once than cores only add noise.
    maxWorkers: 2,
  },
});
