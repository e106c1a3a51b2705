import { defineConfig } from "vitest/config";
import shared from "../../test/browser/vitest.config.ts";

/** What is measured in a browser, with the pages of its tests: `npm run bench:browser`. */
export default defineConfig({
  test: { ...shared.test, include: ["bench/browser/**/*.bench.ts"] },
});
