/** Writes the names of the mutants that this process has met into the folder that the environment names. */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const folderVariable = "VAEKIT_MUTATION_COVERAGE";

export function writeCoverage() {
  const folder = process.env[folderVariable];
  const { __stryker__: stryker } =
    /** @type {{ __stryker__?: { mutantCoverage?: { static: Record<string, number> } } }} */ (globalThis);
  const met = Object.keys(stryker?.mutantCoverage?.static ?? {});
  if (folder === undefined || met.length === 0) return;
  try {
    writeFileSync(join(folder, randomUUID()), met.join("\n"));
  } catch {
    // A test that leaves its process no room to write must see the process's own failure, and not this one.
  }
}
