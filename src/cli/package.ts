/** What lies in the package beside the code: its version, its sample picture, its model. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFile } from "../files/node/index.ts";

/** The sample picture, rendered by tools/render-sample.mjs. */
export const samplePicture = (): string => packageFile("../assets/sample.png");

/** The model, the picture and the description of the package. */
export function packageFiles(): string[] {
  const folder = packageFile("../assets");
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return [packageFile("../package.json"), ...entries.map((name) => join(folder, name))];
}

/** The version in package.json. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(packageFile("../package.json"), "utf8")) as { version: string };
  return json.version;
}
