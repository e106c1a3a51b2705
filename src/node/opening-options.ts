/** The options of opening a model, and what is said of those that belong to another way of opening one. */
import type { ModelPlace } from "../hub/model-place.ts";
import type { HubOptions } from "../hub/node/index.ts";
import { modelFamilies, type AnyGivenConfig, type ModelFamily } from "../models/index.ts";
import type { Generator } from "../random/index.ts";
import { checkGivenRuntime, devices, type Device, type Runtime } from "../runtime/index.ts";
import {
  checkOptions,
  oneOf,
  optionKinds,
  positiveNumber,
  wholeNumber,
  type OptionKind,
  type OptionKinds,
} from "../util/check-options.ts";

/** Where a model runs and whom it tells what. */
export interface RuntimeOptions {
  /**
   * A runtime that the caller makes, gives to several models and disposes itself: they share its thread. It has its own
   * `device` and `threadCount`. @default one for each model, which ends with it
   */
  readonly runtime?: Runtime;
  /** @default "auto": the platform's GPU provider if it works, else the processor */
  readonly device?: Device;
  /** Threads of the processor. @default one per core */
  readonly threadCount?: number;
  /** Called with each thing that is odd but no error. @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
}

/**
 * Where the model's files are, in a folder or on the hub, and how they come. `subfolder` and `variant` are for both;
 * `revision` is for the hub, and an error for a folder; all others say how to fetch, and mean nothing for a folder.
 */
export interface FromPretrainedOptions extends RuntimeOptions, Omit<HubOptions, "onWarning"> {}

export interface FromSingleFileOptions extends RuntimeOptions {
  /**
   * Keys of the config, under diffusers' names or ours, or the path of a config.json. They complete what the tensors'
   * shapes and `as` say, and win over `as`; what contradicts the shapes is an error.
   */
  readonly config?: AnyGivenConfig | string;
  /** The model family, which fills in what shapes cannot tell: scaling, shift and sample size. */
  readonly as?: ModelFamily;
}

/**
 * Where each source's files are and how they come, and, for single files, what shapes cannot tell of their config. An option must
 * mean something for one of the sources.
 */
export interface OpenVaeOptions extends FromPretrainedOptions, Pick<FromSingleFileOptions, "as" | "config"> {}

export interface FromConfigOptions extends RuntimeOptions {
  /** Draws the weights; `Generator.torch(seed)` draws those of `torch.manual_seed(seed)`. */
  readonly generator?: Generator;
}

const isConfig = (value: unknown): boolean =>
  typeof value === "string" || (typeof value === "object" && value !== null);

const runtimeKinds: OptionKinds<RuntimeOptions> = {
  // With what contradicts it.
  runtime: optionKinds.checkedElsewhere,
  device: oneOf(devices),
  threadCount: wholeNumber(0),
  onWarning: optionKinds.callback,
};

const tokenKind: OptionKind = {
  expected: "a text, or false for none",
  fits: (value) => typeof value === "string" || value === false,
};

const milliseconds = positiveNumber("a positive number of milliseconds");

const hubKinds: OptionKinds<HubOptions> = {
  subfolder: optionKinds.text,
  variant: optionKinds.text,
  revision: optionKinds.text,
  localFilesOnly: optionKinds.boolean,
  cacheDir: optionKinds.text,
  token: tokenKind,
  endpoint: optionKinds.text,
  onProgress: optionKinds.callback,
  onWarning: optionKinds.callback,
  signal: optionKinds.signal,
  timeoutMs: milliseconds,
  idleTimeoutMs: milliseconds,
};

const pretrainedKinds: OptionKinds<FromPretrainedOptions> = { ...hubKinds, ...runtimeKinds };

const singleFileKinds: OptionKinds<FromSingleFileOptions> = {
  ...runtimeKinds,
  config: { expected: "an object, or the path of a config.json", fits: isConfig },
  as: oneOf(Object.keys(modelFamilies)),
};

const openVaeKinds: OptionKinds<OpenVaeOptions> = { ...pretrainedKinds, ...singleFileKinds };

const fromConfigKinds: OptionKinds<FromConfigOptions> = {
  ...runtimeKinds,
  generator: optionKinds.generator,
};

/** Both runtimes compute here: WebAssembly is for where the native one is not installed. */
const ofNode = { expected: "a runtime, as new NodeRuntime() makes", has: (): boolean => true };

const forSingleFiles = "it is for single files (fromSingleFile): a folder has its config.json. Leave it out.";
const forFolders = "it is for folders and the hub (fromPretrained); this is a single file. Leave it out.";

/** @throws INVALID_ARGUMENT for an option that fromPretrained does not have, or a value of another kind. */
export function checkFromPretrainedOptions(options: FromPretrainedOptions): void {
  checkOptions("fromPretrained", options, pretrainedKinds, { as: forSingleFiles, config: forSingleFiles });
  checkGivenRuntime("fromPretrained", options, ofNode);
}

/** @throws INVALID_ARGUMENT for an option that fromSingleFile does not have, or a value of another kind. */
export function checkFromSingleFileOptions(options: FromSingleFileOptions): void {
  const elsewhere = Object.fromEntries(Object.keys(hubKinds).map((name) => [name, forFolders]));
  checkOptions("fromSingleFile", options, singleFileKinds, elsewhere);
  checkGivenRuntime("fromSingleFile", options, ofNode);
}

/** @throws INVALID_ARGUMENT for an option that openVae does not have, or a value of another kind. */
export function checkOpenVaeOptions(options: OpenVaeOptions): void {
  checkOptions("openVae", options, openVaeKinds);
  checkGivenRuntime("openVae", options, ofNode);
}

/** The places of models for which options mean something; all others are for every place. */
export const placesOf: { readonly [K in keyof Required<OpenVaeOptions>]?: readonly ModelPlace[] } = {
  as: ["file"],
  config: ["file"],
  revision: ["hub"],
  ...Object.fromEntries(
    Object.keys(hubKinds)
      .filter((name) => !["onWarning", "onProgress", "signal", "revision"].includes(name))
      .map((name) => [name, ["folder", "hub"]]),
  ),
};

/** @throws INVALID_ARGUMENT for an option that fromConfig does not have, or a value of another kind. */
export function checkFromConfigOptions(options: FromConfigOptions): void {
  checkOptions("fromConfig", options, fromConfigKinds);
  checkGivenRuntime("fromConfig", options, ofNode);
}

/** @throws INVALID_ARGUMENT for an option that says something else than where a model runs. */
export function checkRuntimeOptions(options: RuntimeOptions, subject: string): void {
  checkOptions(subject, options, runtimeKinds);
  checkGivenRuntime(subject, options, ofNode);
}
