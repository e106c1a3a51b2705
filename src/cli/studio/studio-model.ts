/** The model that the studio serves, as a folder in diffusers' format. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modelPlaceOf, VaekitError } from "../../node/index.ts";
import { UsageError } from "../failure.ts";
import { openModel } from "../open-model.ts";
import type { ModelOptions } from "../options.ts";

export interface StudioModel extends AsyncDisposable {
  readonly folder: string | undefined;
}

/** How the model of the studio is named. */
export type StudioModelOptions = Pick<ModelOptions, "model" | "as" | "config">;

/**
 * The model that the options name: a folder as it lies there, the built-in one without a folder of its own. A file is written into
 * a temporary folder as diffusers has it, with its config; the folder is removed on disposal.
 *
 * @throws NOT_FOUND for what is no model; UsageError for a hub id, and for options that are for files only.
 */
export async function studioModel(options: StudioModelOptions): Promise<StudioModel> {
  const { model, as, config } = options;
  const place = model === undefined ? undefined : await modelPlaceOf(model);
  if (place === "hub") {
    throw new UsageError(
      `--model: expected a folder or a .safetensors file on this machine, found the hub id ${model ?? ""}.`,
    );
  }
  if (place === "file" || as !== undefined || config !== undefined) return written(options);
  if (model !== undefined && !existsSync(join(model, "config.json"))) {
    const message = `${model}: expected a model's folder with config.json, found none there. A model inside a pipeline lies in its subfolder vae.`;
    throw new VaekitError("NOT_FOUND", message);
  }
  return { folder: model, [Symbol.asyncDispose]: nothingToDo };
}

const nothingToDo = (): Promise<void> => Promise.resolve();

async function written(options: StudioModelOptions): Promise<StudioModel> {
  await using vae = await openModel(options);
  const folder = await mkdtemp(join(tmpdir(), "vaekit-studio-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await vae.savePretrained(folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, [Symbol.asyncDispose]: remove };
}
