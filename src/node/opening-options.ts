/** The options of opening a model, and what is said of those that belong to another way of opening one. */
import type { HubOptions } from "../hub/index.ts";
import type { GivenConfig } from "../models/index.ts";
import type { ModelFamily } from "../models/infer-config.ts";
import type { Generator } from "../random/index.ts";
import type { Device } from "../runtime/index.ts";
import { checkOptionNames } from "../util/known-options.ts";

/** Where a model runs and whom it tells what. */
export interface RuntimeOptions {
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
  readonly config?: GivenConfig | string;
  /** The model family, which fills in what shapes cannot tell: scaling, shift and sample size. */
  readonly as?: ModelFamily;
}

export interface FromConfigOptions extends RuntimeOptions {
  /** Draws the weights; `Generator.torch(seed)` draws those of `torch.manual_seed(seed)`. */
  readonly generator?: Generator;
}

const runtimeNames = { device: true, threadCount: true, onWarning: true } as const;
const hubNames = {
  subfolder: true,
  variant: true,
  revision: true,
  localFilesOnly: true,
  cacheDir: true,
  token: true,
  endpoint: true,
  onProgress: true,
  signal: true,
  timeoutMs: true,
  idleTimeoutMs: true,
} as const;

const forSingleFiles = "it is for single files (fromSingleFile): a folder has its config.json. Leave it out.";
const forFolders = "it is for folders and the hub (fromPretrained); this is a single file. Leave it out.";

/** @throws INVALID_ARGUMENT for an option that fromPretrained does not have. */
export function checkFromPretrainedOptions(options: FromPretrainedOptions): void {
  const names = { ...runtimeNames, ...hubNames };
  checkOptionNames<FromPretrainedOptions>(options, names, "fromPretrained", {
    as: forSingleFiles,
    config: forSingleFiles,
  });
}

/** @throws INVALID_ARGUMENT for an option that fromSingleFile does not have. */
export function checkFromSingleFileOptions(options: FromSingleFileOptions): void {
  const names = { ...runtimeNames, as: true, config: true } as const;
  const elsewhere = Object.fromEntries(Object.keys(hubNames).map((name) => [name, forFolders]));
  checkOptionNames<FromSingleFileOptions>(options, names, "fromSingleFile", elsewhere);
}

/** @throws INVALID_ARGUMENT for an option that fromConfig does not have. */
export function checkFromConfigOptions(options: FromConfigOptions): void {
  checkOptionNames<FromConfigOptions>(options, { ...runtimeNames, generator: true }, "fromConfig");
}

/** @throws INVALID_ARGUMENT for an option that says something else than where a model runs. */
export function checkRuntimeOptions(options: RuntimeOptions, subject: string): void {
  checkOptionNames<RuntimeOptions>(options, runtimeNames, subject);
}
