/** Opens an autoencoder of whatever class from the URL of its folder. */
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import { modelOrHalf } from "../vae/opened.ts";
import { assemble } from "./assemble.ts";
import { vaeOf, type WebVae } from "./classes.ts";
import { loadFolder, modelUrl } from "./load-model.ts";
import { openRuntime } from "./open-runtime.ts";
import { checkOpeningOptions, type FromPretrainedOptions } from "./opening-options.ts";

/**
 * Opens an autoencoder; its config.json says which class it is of. A folder that holds one half alone opens too, and does what that
 * half can.
 *
 * @param url of a folder in diffusers' format (for the hub: "https://huggingface.co/org/name/resolve/main/vae"), whose query, if it
 *   has one, goes with every file.
 * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
 * @throws INVALID_ARGUMENT, NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH; UNSUPPORTED for a class that
 *   vaekit does not read.
 */
export async function openVae(
  url: string | URL,
  options: FromPretrainedOptions = {},
  ort?: OrtModule,
): Promise<WebVae> {
  checkOpeningOptions("openVae", options);
  const folder = modelUrl("openVae", url);
  // First, since it refuses devices that are not there, before anything is downloaded.
  const runtime = await openRuntime("openVae", options, ort);
  const { loaded, warnings } = await loadFolder(String(url), folder, options);
  return vaeOf(assemble(modelOrHalf(loaded), warnings, runtime, options));
}
