/** Refuses a Node on which vaekit does not run as soon as vaekit is imported, and not in the middle of the work. */
import { VaekitError } from "../errors.ts";

/** The oldest one that is tested; `engines` in package.json says the same. */
const oldestMajor = 20;

/** @throws UNSUPPORTED for an older version, such as "18.20.8". */
export function checkNodeVersion(version: string): void {
  if (Number.parseInt(version, 10) >= oldestMajor) return;
  const message = `vaekit needs Node ${oldestMajor} or later, found Node ${version}. Install a newer one from https://nodejs.org.`;
  throw new VaekitError("UNSUPPORTED", message);
}

checkNodeVersion(process.versions.node);
