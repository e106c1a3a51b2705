/**
 * The config of diffusers' AutoencoderKL: its keys, their defaults and their checks, and the one place where
 * config.json's snake_case becomes our camelCase and back.
 *
 * @see diffusers, models/autoencoders/autoencoder_kl.py
 */
import { VaekitError } from "../errors.ts";

/** The activations of the residual blocks. */
export const activationNames = ["silu", "swish", "mish", "gelu", "relu"] as const;
export type ActivationName = (typeof activationNames)[number];

export const downBlockTypes = ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"] as const;
export type DownBlockType = (typeof downBlockTypes)[number];

export const upBlockTypes = ["UpDecoderBlock2D", "AttnUpDecoderBlock2D"] as const;
export type UpBlockType = (typeof upBlockTypes)[number];

/** Everything that decides an AutoencoderKL's architecture and its latents' conventions. */
export interface AutoencoderKLConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  /** One per level, in the order of the encoder. */
  readonly downBlockTypes: readonly DownBlockType[];
  /** One per level, in the order of the decoder (lowest resolution first). */
  readonly upBlockTypes: readonly UpBlockType[];
  /** Channels of each level, highest resolution first; the spatial factor is 2^(levels - 1). */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks of each encoder level; the decoder has one more. */
  readonly layersPerBlock: number;
  readonly actFn: ActivationName;
  readonly latentChannels: number;
  readonly normNumGroups: number;
  /** Side of the training pictures in pixels; only tiling reads it. */
  readonly sampleSize: number;
  /** What pipelines multiply latents by; the model itself never does. */
  readonly scalingFactor: number;
  /** What pipelines subtract from latents first, or null for 0. */
  readonly shiftFactor: number | null;
  /** Per-channel mean of the latents (SDXL-type pipelines), or null. */
  readonly latentsMean: readonly number[] | null;
  readonly latentsStd: readonly number[] | null;
  /** Whether SDXL-type pipelines run the VAE in float32 even when the file is float16. */
  readonly forceUpcast: boolean;
  readonly useQuantConv: boolean;
  readonly usePostQuantConv: boolean;
  readonly midBlockAddAttention: boolean;
}

/** diffusers' defaults, which fill the keys that a config.json leaves out. */
export const defaultConfig: AutoencoderKLConfig = {
  inChannels: 3,
  outChannels: 3,
  downBlockTypes: ["DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D"],
  blockOutChannels: [64],
  layersPerBlock: 1,
  actFn: "silu",
  latentChannels: 4,
  normNumGroups: 32,
  sampleSize: 32,
  scalingFactor: 0.18215,
  shiftFactor: null,
  latentsMean: null,
  latentsStd: null,
  forceUpcast: true,
  useQuantConv: true,
  usePostQuantConv: true,
  midBlockAddAttention: true,
};

/** How many pixels one latent covers along each side. */
export function spatialFactor(config: AutoencoderKLConfig): number {
  return 2 ** (config.blockOutChannels.length - 1);
}

type Check<T> = (value: unknown) => { value: T } | { expected: string };

const accept = <T>(value: T): { value: T } => ({ value });

const positiveInteger: Check<number> = (value) =>
  Number.isSafeInteger(value) && Number(value) > 0
    ? accept(value as number)
    : { expected: "a positive whole number" };

const finiteNumber: Check<number> = (value) =>
  typeof value === "number" && Number.isFinite(value) ? accept(value) : { expected: "a finite number" };

const positiveNumber: Check<number> = (value) =>
  typeof value === "number" && Number.isFinite(value) && value > 0
    ? accept(value)
    : { expected: "a finite number above 0" };

const boolean: Check<boolean> = (value) =>
  typeof value === "boolean" ? accept(value) : { expected: "true or false" };

/** sample_size may be a pair; diffusers takes its first element for the latent tiles, and so do we. */
const side: Check<number> = (value) =>
  positiveInteger(Array.isArray(value) ? (value as unknown[])[0] : value);

function oneOf<T extends string>(names: readonly T[]): Check<T> {
  return (value) => {
    const name = names.find((candidate) => candidate === value);
    return name === undefined ? { expected: names.map((each) => `"${each}"`).join(" or ") } : accept(name);
  };
}

/** Activation names are lower-cased by diffusers before it looks them up. */
const activation: Check<ActivationName> = (value) =>
  oneOf(activationNames)(typeof value === "string" ? value.toLowerCase() : value);

function nullable<T>(check: Check<T>): Check<T | null> {
  return (value) => {
    if (value === null) return accept(null);
    const result = check(value);
    return "value" in result ? result : { expected: `${result.expected}, or null` };
  };
}

function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length === 0) return { expected: "a list that is not empty" };
    const items: T[] = [];
    for (const item of value as unknown[]) {
      const result = check(item);
      if ("expected" in result) return { expected: `a list whose every item is ${result.expected}` };
      items.push(result.value);
    }
    return accept(items);
  };
}

const checks: { [K in keyof AutoencoderKLConfig]: Check<AutoencoderKLConfig[K]> } = {
  inChannels: positiveInteger,
  outChannels: positiveInteger,
  downBlockTypes: listOf(oneOf(downBlockTypes)),
  upBlockTypes: listOf(oneOf(upBlockTypes)),
  blockOutChannels: listOf(positiveInteger),
  layersPerBlock: positiveInteger,
  actFn: activation,
  latentChannels: positiveInteger,
  normNumGroups: positiveInteger,
  sampleSize: side,
  scalingFactor: positiveNumber,
  shiftFactor: nullable(finiteNumber),
  latentsMean: nullable(listOf(finiteNumber)),
  latentsStd: nullable(listOf(positiveNumber)),
  forceUpcast: boolean,
  useQuantConv: boolean,
  usePostQuantConv: boolean,
  midBlockAddAttention: boolean,
};

const configKeys = Object.keys(defaultConfig) as (keyof AutoencoderKLConfig)[];

const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Class names that a config.json of an AutoencoderKL may carry (repositories from diffusers' Flax days). */
const classNames = ["AutoencoderKL", "FlaxAutoencoderKL"];

/**
 * Completes a partial config with diffusers' defaults and checks every value.
 *
 * @throws INVALID_CONFIG on a value of the wrong kind, or on values that contradict each other.
 */
export function completeConfig(
  partial: Partial<AutoencoderKLConfig>,
  subject = "config",
): AutoencoderKLConfig {
  const unknown = Object.keys(partial).find((key) => !(key in defaultConfig));
  if (unknown !== undefined) {
    const expected = configKeys.join(", ");
    throw new VaekitError("INVALID_CONFIG", `${subject}: no such key: ${unknown}. The keys are ${expected}.`);
  }
  const config = Object.fromEntries(
    configKeys.map((key) => [
      key,
      checkedValue(key, partial[key] === undefined ? defaultConfig[key] : partial[key], `${subject}.${key}`),
    ]),
  ) as unknown as AutoencoderKLConfig;
  checkConsistency(config, subject);
  return Object.freeze(config);
}

function checkedValue(key: keyof AutoencoderKLConfig, value: unknown, subject: string): unknown {
  const result = checks[key](value);
  if ("value" in result) return result.value;
  const found = typeof value === "number" ? String(value) : JSON.stringify(value);
  throw new VaekitError("INVALID_CONFIG", `${subject}: expected ${result.expected}, found ${found}.`);
}

function checkConsistency(config: AutoencoderKLConfig, subject: string): void {
  const levels = config.blockOutChannels.length;
  const fail = (message: string): never => {
    throw new VaekitError("INVALID_CONFIG", `${subject}: ${message}`);
  };
  for (const key of ["downBlockTypes", "upBlockTypes"] as const) {
    const found = config[key].length;
    if (found !== levels)
      fail(`expected ${levels} ${snakeCase(key)}, one per block_out_channels, found ${found}.`);
  }
  const ragged = config.blockOutChannels.find((channels) => channels % config.normNumGroups !== 0);
  if (ragged !== undefined) {
    fail(
      `expected every block_out_channels to be a multiple of norm_num_groups ${config.normNumGroups}, found ${ragged}.`,
    );
  }
  for (const key of ["latentsMean", "latentsStd"] as const) {
    const found = config[key]?.length ?? config.latentChannels;
    if (found !== config.latentChannels) {
      fail(
        `expected ${config.latentChannels} values in ${snakeCase(key)}, one per latent channel, found ${found}.`,
      );
    }
  }
}

/**
 * Reads the content of a diffusers config.json.
 *
 * @param json the parsed JSON.
 * @param subject what to call it in messages: its path.
 * @returns the config, and one warning for the keys that AutoencoderKL does not know (they are ignored).
 * @throws INVALID_CONFIG when it is another model's config, or a value is wrong.
 */
export function parseConfig(
  json: unknown,
  subject: string,
): { config: AutoencoderKLConfig; warnings: string[] } {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected a JSON object with AutoencoderKL's config.`,
    );
  }
  const values = json as Record<string, unknown>;
  const className = values._class_name;
  if (className !== undefined && !classNames.some((name) => name === className)) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected an AutoencoderKL, found the config of ${JSON.stringify(className)}, which vaekit does not implement.`,
    );
  }
  const keyOf = new Map(configKeys.map((key) => [snakeCase(key), key]));
  const partial: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith("_")) continue;
    const key = keyOf.get(name);
    if (key === undefined) unknown.push(name);
    else partial[key] = checkedValue(key, value, `${subject}: ${name}`);
  }
  const warnings =
    unknown.length === 0
      ? []
      : [`${subject}: ignored keys that AutoencoderKL does not have: ${unknown.join(", ")}.`];
  return { config: completeConfig(partial, subject), warnings };
}

/** The version of diffusers whose format we write; it reads `_diffusers_version` only to warn. */
const diffusersVersion = "0.40.0";

/** config.json's text, as diffusers writes it: sorted keys, two spaces, a final newline. */
export function formatConfig(config: AutoencoderKLConfig): string {
  const entries: [string, unknown][] = [
    ["_class_name", "AutoencoderKL"],
    ["_diffusers_version", diffusersVersion],
    ...configKeys.map((key): [string, unknown] => [snakeCase(key), config[key]]),
  ];
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
