/** What lies in the package beside the code: its version, its sample picture, its model. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFile } from "../files/node/index.ts";

/** The sample picture, rendered by tools/render-sample.mjs. */
export const samplePicture = (): string => packageFile("../assets/sample.png");

/** Every file of the model and the picture inside the package. */
export function assetFiles(): string[] {
  const folder = packageFile("../assets");
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries.map((name) => join(folder, name));
}

/** The version in package.json. */
export function packageVersion(): string {
  const json = JSON.parse(readFileSync(packageFile("../package.json"), "utf8")) as { version: string };
  return json.version;
}
