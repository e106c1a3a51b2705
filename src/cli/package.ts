/** What lies in the package beside the code: its version and its sample picture. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The path of a file of the package, from its root; src/cli and dist/cli are equally deep. */
function packagePath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The sample picture, rendered by tools/render-sample.mjs. */
export const samplePicture = packagePath("assets/sample.png");

/** The version in package.json. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(packagePath("package.json"), "utf8")) as { version: string };
  return json.version;
}
