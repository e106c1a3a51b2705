/** What lies in the package beside the code: its version, its sample picture, its model and its studio. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The nearest folder with a package.json: the same from `src/cli` and from wherever the built package has this code. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

const packagePath = (path: string): string => join(packageFolder(), path);

/** The sample picture, rendered by tools/render-sample.mjs. */
export const samplePicture = (): string => packagePath("assets/sample.png");

/** The built-in model in diffusers' format. */
export const builtInModelFolder = (): string => packagePath("assets/default-vae");

/** The studio's page, made by tools/build-studio.mjs. */
export const studioFolder = (): string => packagePath("dist/studio");

/** The version in package.json. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(packagePath("package.json"), "utf8")) as { version: string };
  return json.version;
}
