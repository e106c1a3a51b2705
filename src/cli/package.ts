/** What lies in the package beside the code: its version and its sample picture. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** From `src/cli` as from `dist/cli`. */
const packagePath = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The sample picture, rendered by tools/render-sample.mjs. */
export const samplePicture = (): string => packagePath("assets/sample.png");

/** The version in package.json. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(packagePath("package.json"), "utf8")) as { version: string };
  return json.version;
}
