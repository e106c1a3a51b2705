/** The options of opening a model in the browser. */
import type { FileProgress } from "../files/index.ts";
import type { ModelPlace } from "../hub/model-place.ts";
import { modelFamilies, type AnyGivenConfig, type ModelFamily } from "../models/index.ts";
import { devices, type Device, type Runtime } from "../runtime/index.ts";
import {
  checkOptions,
  oneOf,
  optionKinds,
  wholeNumber,
  type OptionKind,
  type OptionKinds,
} from "../util/check-options.ts";
import type { ModelCache } from "./kept-files.ts";

/** Where a model runs and whom it tells what. */
export interface RuntimeOptions {
  /**
   * "webgpu", or "cpu": WebAssembly. @default "auto": WebGPU where a graphics processor computes what WebAssembly does, in the worker;
   * else WebAssembly
   */
  readonly device?: Device;
  /**
   * A runtime that the caller makes, gives to several models and disposes itself. It has its own `device` and its own build of
   * onnxruntime-web. @default one for each model, which ends with it
   */
  readonly runtime?: Runtime;
  /**
   * Computes in a module worker that vaekit brings along, so that the page never stands still; where none can be started, in the
   * page's own thread, with a warning. A given `runtime` or `ort` computes in the thread that calls. @default true
   */
  readonly worker?: boolean;
  /**
   * Threads of one operator in WebAssembly, in the worker: more than one in pages that are cross-origin isolated. @default as many as
   * there are processors, at most 4; one elsewhere
   */
  readonly threadCount?: number;
  /**
   * Told what is odd but no error: about the model's files, of copies that stand in for a server out of reach, and once of latents
   * that do not look like the model's.
   */
  readonly onWarning?: (message: string) => void;
}

/** How a model's files are fetched. Files that the user chose are read where they are, and need none of it. */
export interface FetchingOptions {
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal;
  /** Told while files are downloaded; not of those that were kept. */
  readonly onProgress?: (progress: FileProgress) => void;
  /** Headers for every request, such as an authorisation. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Whether copies of the files are kept for the next visit, or where: in a `Cache` of yours.
   * @default true: in the browser's, where it has one. {@link clearModelCache} empties it
   */
  readonly cache?: boolean | ModelCache;
}

/**
 * Where the model's files are, and how they come. `revision`, `endpoint` and `token` are for the hub; `subfolder` and `variant`
 * for folders, too.
 */
export interface FromPretrainedOptions extends RuntimeOptions, FetchingOptions {
  /** A folder inside; without it the folder itself, or `vae` when only that holds a model. */
  readonly subfolder?: string;
  /** Which of several weight files: "fp16" for diffusion_pytorch_model.fp16.safetensors. */
  readonly variant?: string;
  /** Branch, tag or commit of the hub. @default "main" */
  readonly revision?: string;
  /** The hub's address. @default "https://huggingface.co" */
  readonly endpoint?: string;
  /** The hub's access token, which everybody who uses the page can read. @default none */
  readonly token?: string | false;
}

/** How a single file is opened. */
export interface FromSingleFileOptions extends RuntimeOptions, FetchingOptions {
  /**
   * Keys of the config, under diffusers' names or ours, or the address or the Blob of a config.json. They complete what the
   * tensors' shapes and `as` say, and win over `as`; what contradicts the shapes is an error.
   */
  readonly config?: AnyGivenConfig | string | URL | Blob;
  /** The model family, which fills in what shapes cannot tell: scaling, shift and sample size. */
  readonly as?: ModelFamily;
}

/** The options of every place; each must mean something for one of the sources. */
export interface OpenVaeOptions extends FromPretrainedOptions, Pick<FromSingleFileOptions, "as" | "config"> {}

const runtimeKinds: OptionKinds<RuntimeOptions> = {
  device: oneOf(devices),
  // With what contradicts it.
  runtime: optionKinds.checkedElsewhere,
  worker: optionKinds.boolean,
  threadCount: wholeNumber(1),
  onWarning: optionKinds.callback,
};

const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === "object" &&
  value !== null &&
  names.every((name) => typeof Reflect.get(value, name) === "function");

const cacheKind: OptionKind = {
  expected: "true, false, or a cache { match, put }, as caches.open makes",
  fits: (value) => typeof value === "boolean" || hasMethods(value, "match", "put"),
};

const fetchingKinds: OptionKinds<FetchingOptions> = {
  signal: optionKinds.signal,
  onProgress: optionKinds.callback,
  headers: optionKinds.object,
  cache: cacheKind,
};

const tokenKind: OptionKind = {
  expected: "a text, or false for none",
  fits: (value) => typeof value === "string" || value === false,
};

const pretrainedKinds: OptionKinds<FromPretrainedOptions> = {
  ...runtimeKinds,
  ...fetchingKinds,
  subfolder: optionKinds.text,
  variant: optionKinds.text,
  revision: optionKinds.text,
  endpoint: optionKinds.text,
  token: tokenKind,
};

const singleFileKinds: OptionKinds<FromSingleFileOptions> = {
  ...runtimeKinds,
  ...fetchingKinds,
  config: {
    expected: "an object, or the address or the Blob of a config.json",
    fits: (value) =>
      (typeof value === "string" && value !== "") || (typeof value === "object" && value !== null),
  },
  as: oneOf(Object.keys(modelFamilies)),
};

const forSingleFiles = "it is for single files (fromSingleFile): a folder has its config.json. Leave it out.";
const forFolders = "it is for folders and the hub (fromPretrained); this is a single file. Leave it out.";

/** @throws INVALID_ARGUMENT for an option that fromPretrained does not have, or a value of another kind. */
export function checkFromPretrainedOptions(options: FromPretrainedOptions): void {
  checkOptions("fromPretrained", options, pretrainedKinds, { as: forSingleFiles, config: forSingleFiles });
}

/** @throws INVALID_ARGUMENT for an option that fromSingleFile does not have, or a value of another kind. */
export function checkFromSingleFileOptions(options: FromSingleFileOptions): void {
  const elsewhere = Object.fromEntries(Object.keys(placesOf).map((name) => [name, forFolders]));
  checkOptions("fromSingleFile", options, singleFileKinds, elsewhere);
}

/** @throws INVALID_ARGUMENT for an option that openVae does not have, or a value of another kind. */
export function checkOpenVaeOptions(options: OpenVaeOptions): void {
  checkOptions("openVae", options, { ...pretrainedKinds, ...singleFileKinds });
}

/** @throws INVALID_ARGUMENT for an option that the built-in model does not have, or a value of another kind. */
export function checkDefaultOptions(options: RuntimeOptions & FetchingOptions): void {
  checkOptions("default", options, { ...runtimeKinds, ...fetchingKinds });
}

/** The places of models for which options mean something; all others are for every place. */
export const placesOf: { readonly [K in keyof Required<OpenVaeOptions>]?: readonly ModelPlace[] } = {
  as: ["file"],
  config: ["file"],
  subfolder: ["folder", "hub"],
  variant: ["folder", "hub"],
  revision: ["hub"],
  endpoint: ["hub"],
  token: ["hub"],
};
