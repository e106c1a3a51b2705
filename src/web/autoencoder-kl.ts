/** AutoencoderKL in the browser: weights by fetch, ONNX Runtime Web. */
import { VaekitError } from "../errors.ts";
import { parseJson } from "../files/index.ts";
import { parseConfig } from "../models/index.ts";
import { devices, type Device } from "../runtime/index.ts";
import { WebRuntime, type OrtModule } from "../runtime/web/web-runtime.ts";
import { bytesInMemory, type ByteSource } from "../tensor/byte-source.ts";
import { browser } from "./machine.ts";
import { AutoencoderKLModel } from "../vae/autoencoder-kl.ts";
import { matchWeights, unexpectedWarning } from "../vae/model-weights.ts";
import { checkOptions, checkPath, oneOf, optionKinds, type OptionKinds } from "../util/check-options.ts";
import { parseSafetensors, renameDeprecatedAttention } from "../weights/index.ts";

export interface FromPretrainedOptions {
  /** @default "auto": WebAssembly */
  readonly device?: Device;
  /** Which of several weight files: "fp16" for diffusion_pytorch_model.fp16.safetensors. */
  readonly variant?: string;
  readonly signal?: AbortSignal;
  readonly onWarning?: (message: string) => void;
  /** Headers for every request, such as an authorisation. */
  readonly headers?: Readonly<Record<string, string>>;
}

const pretrainedKinds: OptionKinds<FromPretrainedOptions> = {
  device: oneOf(devices),
  variant: optionKinds.text,
  signal: optionKinds.signal,
  onWarning: optionKinds.callback,
  headers: optionKinds.object,
};

/** The KL autoencoder of latent diffusion models. */
export class AutoencoderKL extends AutoencoderKLModel {
  /**
   * Opens a model in diffusers' format from the URL of its folder (for the hub:
   * "https://huggingface.co/org/name/resolve/main/vae").
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws NOT_FOUND, IO, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    url: string,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKL> {
    checkOptions("fromPretrained", options, pretrainedKinds);
    checkPath("fromPretrained", url, "the URL of a folder");
    const base = url.endsWith("/") ? url : `${url}/`;
    const variant = options.variant === undefined ? "" : `.${options.variant}`;
    const configBytes = await fetchBytes(`${base}config.json`, options);
    const { config, warnings } = parseConfig(await readJson(configBytes), `${base}config.json`);
    const file = await fetchBytes(`${base}diffusion_pytorch_model${variant}.safetensors`, options);
    const { tensors } = await parseSafetensors(file);
    const weights = matchWeights(config, renameDeprecatedAttention(tensors), url);
    if (weights.unexpected.length > 0) warnings.push(unexpectedWarning(weights.unexpected, url));
    warnings.forEach((warning) => options.onWarning?.(warning));
    const runtime = new WebRuntime(
      ort ?? (await defaultOrt()),
      options.device === undefined ? {} : { device: options.device },
    );
    return new AutoencoderKL({ name: url, config, weights, runtime, machine: browser });
  }
}

/** Loaded only when needed: the WebAssembly is several megabytes. */
async function defaultOrt(): Promise<OrtModule> {
  return await import("onnxruntime-web/wasm");
}

async function fetchBytes(url: string, { signal, headers }: FromPretrainedOptions): Promise<ByteSource> {
  const response = await fetch(url, { signal, headers }).catch((error: unknown) => {
    throw new VaekitError("IO", `${url}: could not be fetched. Is the address right and the server up?`, {
      cause: error,
    });
  });
  if (!response.ok) {
    const code = response.status === 404 ? "NOT_FOUND" : "IO";
    throw new VaekitError(code, `${url}: expected the file, found HTTP ${response.status}.`);
  }
  return bytesInMemory(new Uint8Array(await response.arrayBuffer()), url);
}

async function readJson(source: ByteSource): Promise<unknown> {
  return parseJson(await source.read(0, source.byteLength), { name: source.name });
}
