import { defineConfig } from "vitest/config";
import { sharedTest } from "../../vitest.config.ts";

/** The package in every bundler: `npm run test:bundlers`. */
export default defineConfig({
  test: {
    ...sharedTest,
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/bundlers/**/*.test.ts"],
    globalSetup: ["test/bundlers/global-setup.ts"],
  },
});
