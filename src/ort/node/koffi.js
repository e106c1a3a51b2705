/**
 * koffi, through which functions of C are called. Required when the program runs, and not imported: a bundler that followed it would
 * meet binaries, which go into no bundle. Plain JavaScript, as is the worker that uses it.
 */
// Whole, because many bundles of ESM declare a `createRequire` of their own.
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

/** A bundle of CommonJS has no `import.meta`. */
const here = /** @type {{ url?: string }} */ (import.meta).url ?? pathToFileURL(__filename).href;

/**
 * @returns {typeof import("koffi").default | undefined} undefined where it is not installed, which is optional, or has no binary for
 *   the platform
 */
export function loadKoffi() {
  try {
    const koffi = /** @type {unknown} */ (nodeModule.createRequire(here)("koffi"));
    return /** @type {typeof import("koffi").default} */ (koffi);
  } catch {
    return undefined;
  }
}
