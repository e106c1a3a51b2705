/** What lies in the package beside the code: its version, its sample picture, its model. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The path of a file of the package, from its root; src/cli and dist/cli are equally deep. */
function packagePath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The sample picture, rendered by tools/render-sample.mjs. */
export const samplePicture = packagePath("assets/sample.png");

/** Every file of the model and the picture inside the package. */
export function assetFiles(): string[] {
  const folder = packagePath("assets");
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries.map((name) => join(folder, name));
}

/** The version in package.json. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(packagePath("package.json"), "utf8")) as { version: string };
  return json.version;
}
