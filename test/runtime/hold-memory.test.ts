/** glibc can be told to keep what is freed: otherwise strips cost page faults, by chance of where memory lies. */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { holdFreedMemory } from "../../src/runtime/node/hold-memory.js";

/** The report names the C library's version where it is glibc. */
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const hasGlibc = header.glibcVersionRuntime !== undefined;
const hasBinary = existsSync(new URL("../../node_modules/koffi/", import.meta.url));
const title = hasGlibc && hasBinary ? "glibc" : "glibc (skipped: not here, or koffi is not installed)";

describe.skipIf(!hasGlibc || !hasBinary)(title, () => {
  test("takes the settings, again and again", async () => {
    expect(await holdFreedMemory()).toBe(true);
    expect(await holdFreedMemory()).toBe(true);
  });
});
