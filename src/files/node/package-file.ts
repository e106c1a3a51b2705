/**
 * Files of this package that are read while a program runs: the threads that Node starts from a file, and the built-in model.
 * A bundler moves the code away from them; then they are looked for in the installed package.
 */
import { existsSync, readFileSync } from "node:fs";
// Whole, because many bundles of ESM declare a `createRequire` of their own.
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { VaekitError } from "../../errors.ts";

/** This file, or the bundle that it is in; a bundle of CommonJS has no `import.meta`. */
const here = (import.meta as { readonly url?: string }).url ?? pathToFileURL(__filename).href;

/** Of `src/files/node`, and of `dist/chunks`, where the built package has this file's code. */
const rootsFromHere = ["../../", "../"].map((path) => fileURLToPath(new URL(path, here)));

/** Finds packages as the program itself would, whose bundle this may be part of. */
export const requireFromHere = nodeModule.createRequire(here);

/**
 * The path of a file or folder of the package.
 *
 * @param path from the root of the code, which is `src` or `dist`: "runtime/node/worker.js", "../assets/sample.png".
 * @throws NOT_FOUND when vaekit was bundled without it and is not installed beside the bundle.
 */
export function packageFile(path: string): string {
  const roots = [...rootsFromHere, installedCode()];
  for (const root of roots) {
    if (root === undefined) continue;
    const file = join(root, path);
    if (existsSync(file)) return file;
  }
  const name = join("vaekit", "dist", path);
  const message = `${name}: expected this file of the package vaekit, found neither it beside ${fileURLToPath(here)} nor the package in a node_modules folder there. A bundle does not hold it: leave vaekit out of the bundle (esbuild: --external:vaekit) or install vaekit where the bundle runs.`;
  throw new VaekitError("NOT_FOUND", message);
}

/** The version of vaekit, in package.json. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(packageFile("../package.json"), "utf8")) as { version: string };
  return json.version;
}

/** The built code of the package vaekit that the program would import. */
function installedCode(): string | undefined {
  try {
    return join(dirname(requireFromHere.resolve("vaekit/package.json")), "dist");
  } catch {
    return undefined;
  }
}
