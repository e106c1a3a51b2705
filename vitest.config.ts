import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 60_000,
    // The native runtime is parallel inside; more files at once than cores only add noise.
    maxWorkers: 2,
  },
});
