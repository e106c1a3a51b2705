/** AutoencoderKL in the browser: weights by fetch, ONNX Runtime Web. */
import { jsonLimits, parseJson } from "../files/index.ts";
import { autoencoderKL, parseConfig } from "../models/index.ts";
import { devices, type Device, type Runtime } from "../runtime/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import { bytesInMemory } from "../tensor/byte-source.ts";
import { fetchBytes } from "./fetch-bytes.ts";
import { fileUrl, folderUrl } from "./model-url.ts";
import { browser } from "./machine.ts";
import { openRuntime } from "./open-runtime.ts";
import { WebPicture, webPictures } from "./pictures.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { AutoencoderKLModel } from "../vae/autoencoder-kl.ts";
import { matchWeights, unexpectedWarning } from "../vae/model-weights.ts";
import type { CodingOptions } from "../vae/options.ts";
import { checkOptions, checkPath, oneOf, optionKinds, type OptionKinds } from "../util/check-options.ts";
import { parseSafetensors, withPresentNames } from "../weights/index.ts";

export interface FromPretrainedOptions {
  /** @default "auto": WebAssembly */
  readonly device?: Device;
  /**
   * A runtime that the caller makes, gives to several models and disposes itself. It has its own `device` and its own build of
   * onnxruntime-web. @default one for each model, which ends with it
   */
  readonly runtime?: Runtime;
  /** Which of several weight files: "fp16" for diffusion_pytorch_model.fp16.safetensors. */
  readonly variant?: string;
  readonly signal?: AbortSignal;
  readonly onWarning?: (message: string) => void;
  /** Headers for every request, such as an authorisation. */
  readonly headers?: Readonly<Record<string, string>>;
}

const pretrainedKinds: OptionKinds<FromPretrainedOptions> = {
  device: oneOf(devices),
  // With what contradicts it.
  runtime: optionKinds.checkedElsewhere,
  variant: optionKinds.text,
  signal: optionKinds.signal,
  onWarning: optionKinds.callback,
  headers: optionKinds.object,
};

/** The KL autoencoder of latent diffusion models. */
export class AutoencoderKL extends AutoencoderKLModel {
  /**
   * Opens a model in diffusers' format from the URL of its folder (for the hub:
   * "https://huggingface.co/org/name/resolve/main/vae"), whose query, if it has one, goes with every file.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws INVALID_ARGUMENT, NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    url: string | URL,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKL> {
    checkOptions("fromPretrained", options, pretrainedKinds);
    if (!(url instanceof URL)) checkPath("fromPretrained", url, "the URL of a folder");
    const folder = folderUrl(url);
    const { variant } = options;
    // First, since it refuses devices that are not there, before anything is downloaded.
    const runtime = await openRuntime("fromPretrained", options, ort);
    const configUrl = fileUrl(folder, "config.json");
    const configBytes = await fetchBytes(configUrl, { ...options, maxBytes: jsonLimits.maxBytes });
    const { config, warnings } = parseConfig(parseJson(configBytes, { name: configUrl }), configUrl);
    const infix = variant === undefined ? "" : `.${variant}`;
    const weightsUrl = fileUrl(folder, `diffusion_pytorch_model${infix}.safetensors`);
    const bytes = await fetchBytes(weightsUrl, { ...options, maxBytes: maxWeightsBytes });
    const { tensors } = await parseSafetensors(bytesInMemory(bytes, weightsUrl));
    const name = String(url);
    const weights = matchWeights(autoencoderKL, config, withPresentNames(tensors, autoencoderKL.names), name);
    if (weights.unexpected.length > 0)
      warnings.push(unexpectedWarning(weights.unexpected, autoencoderKL.className, name));
    warnings.forEach((warning) => options.onWarning?.(warning));
    return new AutoencoderKL({ name, config, weights, runtime, machine: browser, pictures: webPictures });
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(latents: Tensor, options: CodingOptions = {}): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, options));
  }
}

/** WebAssembly's memory ends here. */
const maxWeightsBytes = 2 ** 32;
