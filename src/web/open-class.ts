/** How a class of models opens its own in the browser: from the URL of a folder. */
import type { VaeModel } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import { wholeModel } from "../vae/opened.ts";
import type { VaeParts } from "../vae/vae.ts";
import { assemble } from "./assemble.ts";
import { loadFolder, modelUrl } from "./load-model.ts";
import { openRuntime } from "./open-runtime.ts";
import { checkOpeningOptions, type FromPretrainedOptions } from "./opening-options.ts";

/** @throws INVALID_ARGUMENT, NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH */
export async function fromPretrained(
  model: VaeModel,
  url: string | URL,
  options: FromPretrainedOptions,
  ort?: OrtModule,
): Promise<VaeParts> {
  checkOpeningOptions("fromPretrained", options);
  const folder = modelUrl("fromPretrained", url);
  // First, since it refuses devices that are not there, before anything is downloaded.
  const runtime = await openRuntime("fromPretrained", options, ort);
  const { loaded, warnings } = await loadFolder(String(url), folder, options, model);
  return assemble(wholeModel(loaded), warnings, runtime, options);
}
