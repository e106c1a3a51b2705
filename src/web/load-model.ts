/** Reads models by HTTP: which class they are of, their config, and their weights as bytes in memory. */
import { jsonLimits, parseJson } from "../files/index.ts";
import { modelOfConfig, type VaeModel } from "../models/index.ts";
import { checkPath } from "../util/check-options.ts";
import { checkClass, withBuffers, type LoadedModel } from "../vae/opened.ts";
import { parseSafetensors, weightFileNames, withPresentNames } from "../weights/index.ts";
import { blobSource } from "./blob-source.ts";
import { fetchFile } from "./fetch-file.ts";
import { fileUrl, folderUrl } from "./model-url.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";

/** A model, and what is odd about its config. */
export interface ReadModel {
  readonly loaded: LoadedModel;
  readonly warnings: readonly string[];
}

/** The address of a model's folder. @param subject the call, for messages. @throws INVALID_ARGUMENT, UNSUPPORTED */
export function modelUrl(subject: string, url: string | URL): URL {
  if (!(url instanceof URL)) checkPath(subject, url, "the URL of a folder");
  return folderUrl(url, subject);
}

/**
 * @param name what to call the model.
 * @param expected the only class that will do, where there is one.
 * @throws NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, UNSUPPORTED
 */
export async function loadFolder(
  name: string,
  folder: URL,
  options: FromPretrainedOptions,
  expected?: VaeModel,
): Promise<ReadModel> {
  const configUrl = fileUrl(folder, "config.json");
  const configFile = await fetchFile(configUrl, { ...options, maxBytes: jsonLimits.maxBytes });
  const json = parseJson(new Uint8Array(await configFile.blob.arrayBuffer()), { name: configUrl });
  const model = modelOfConfig(json, configUrl);
  if (expected !== undefined) checkClass(model, expected, configUrl);
  const { config, warnings } = model.config.parse(json, configUrl);
  const weightsUrl = fileUrl(folder, weightFileNames(options.variant).whole);
  const { blob } = await fetchFile(weightsUrl, { ...options, maxBytes: maxWeightsBytes });
  const { tensors } = await parseSafetensors(blobSource(blob, weightsUrl));
  const loaded = { name, model, config, tensors: withPresentNames(tensors, model.names) };
  return { loaded: await withBuffers(loaded), warnings };
}

/** WebAssembly's memory ends here. */
const maxWeightsBytes = 2 ** 32;
