/** What a command must not write over, and where it puts temporary files. */
import { readdirSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OutputFiles, VaekitError } from "../node/index.ts";
import { usage } from "./failure.ts";
import type { ModelOptions } from "./options.ts";

/** The files that a command writes; two outputs in one file are a wrong command line. */
export class Outputs extends OutputFiles {
  override claim(path: string): Promise<void> {
    return usage(() => super.claim(path));
  }

  /**
   * Keeps the files of the model that the options have opened.
   *
   * @throws IO when something that is claimed would replace one of them.
   */
  keepModel(model: { readonly weightFiles: readonly string[] }, options: ModelOptions): void {
    const { model: source, config } = options;
    for (const path of model.weightFiles) this.keep(path, "the model's weights");
    const folders = new Set(model.weightFiles.map((path) => dirname(path)));
    if (source !== undefined) for (const folder of [source, join(source, "vae")]) folders.add(folder);
    if (source !== undefined && options.subfolder !== undefined) folders.add(join(source, options.subfolder));
    for (const path of [...folders].flatMap(configFiles)) this.keep(path, "the model's config");
    if (config !== undefined) this.keep(config, "the model's config");
  }
}

/** @throws IO when the folder for temporary files is missing or not writable. */
export async function checkTemporaryFolder(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory() !== true) {
    throw new VaekitError("IO", `--temp-dir: expected a folder that is there, found ${path}. Make it first.`);
  }
  await access(path, constants.W_OK).catch((error: unknown) => {
    const message = `--temp-dir: ${path} may not be written; check the folder's permissions.`;
    throw new VaekitError("IO", message, { cause: error });
  });
}

/** What lies beside weights in a folder of diffusers' format; nothing where there is no folder. */
function configFiles(folder: string): string[] {
  try {
    const isConfig = (name: string): boolean => name === "config.json" || /\.index\b.*\.json$/.test(name);
    return readdirSync(folder)
      .filter(isConfig)
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
