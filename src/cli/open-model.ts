/** From `--model` and its companions to an open model. */
import { AutoencoderKL, modelPlaceOf, openVae, type ModelPlace, type NodeVae } from "../node/index.ts";
import { UsageError, warn } from "./failure.ts";
import { formatBytes } from "./format.ts";
import type { ModelOptions } from "./options.ts";
import { Progress } from "./progress.ts";

type ModelSource = "built-in" | ModelPlace;

type SourceOption = "as" | "config" | "variant" | "subfolder" | "revision" | "cacheDir" | "offline";

/** Options that mean something for these sources only. */
const sourcesOf: Record<SourceOption, readonly ModelSource[]> = {
  as: ["file"],
  config: ["file"],
  variant: ["folder", "hub"],
  subfolder: ["folder", "hub"],
  revision: ["hub"],
  cacheDir: ["hub"],
  offline: ["hub"],
};

/**
 * Opens the model that the options name, of whatever class; warnings go to stderr.
 *
 * @throws NOT_FOUND when `--model` is neither a path nor a hub id; UsageError when an option does not fit it.
 */
export async function openModel(options: ModelOptions): Promise<NodeVae> {
  const { model, as, config, variant, subfolder, revision, device } = options;
  const source = await sourceOf(model);
  checkOptions(options, source);
  if (model === undefined) return AutoencoderKL.default({ device, onWarning: warn });
  if (source === "file") return openVae(model, { config, as, device, onWarning: warn });
  using progress = new Progress(1);
  return await openVae(model, {
    variant,
    subfolder,
    revision,
    localFilesOnly: options.offline,
    cacheDir: options.cacheDir,
    device,
    onWarning: warn,
    onProgress: ({ file, loadedBytes, totalBytes = loadedBytes }) => {
      progress.task(`${file}, ${formatBytes(totalBytes)}`);
      progress.set(loadedBytes, totalBytes);
    },
  });
}

async function sourceOf(model: string | undefined): Promise<ModelSource> {
  return model === undefined ? "built-in" : modelPlaceOf(model);
}

function checkOptions(options: ModelOptions, source: ModelSource): void {
  for (const [key, sources] of Object.entries(sourcesOf) as [SourceOption, ModelSource[]][]) {
    if (options[key] === undefined || sources.includes(source)) continue;
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const found = source === "built-in" ? "the built-in model" : `a ${source}: ${options.model ?? ""}`;
    throw new UsageError(
      `${flag} is for a model from a ${sources.join(" or ")}; found ${found}. Leave it out.`,
    );
  }
}
