import { defineConfig } from "vitest/config";
import { sharedTest } from "../../vitest.config.ts";

/** The tests in a browser: `npm run test:browser`. */
export default defineConfig({
  test: {
    ...sharedTest,
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/browser/global-setup.ts"],
    // One renderer at a time has the cores.
    maxWorkers: 1,
  },
});
