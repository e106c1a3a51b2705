/**
 * The config of diffusers' VQModel: its keys, their defaults, and the checks of a whole one.
 *
 * @see diffusers, models/autoencoders/vq_model.py
 */
import { VaekitError } from "../../errors.ts";
import { blockChecks, checkBlocks, factsOfBlocks, type BlocksConfig } from "../block-keys.ts";
import { boolean, nullable, oneOf, positiveInteger, positiveNumber } from "../config-checks.ts";
import {
  checkKeys,
  configText,
  keysOf,
  readKeys,
  snakeCase,
  type ConfigJson,
  type ConfigSource,
  type ConfigTable,
  type ReadKeys,
} from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";
import type { ModelFacts, ParsedConfig } from "../model.ts";

/** How the decoder normalises: by groups, or by groups and then by the quantised latents (MoVQ). */
export const normTypes = ["group", "spatial"] as const;
/** One of {@link normTypes}. */
export type NormType = (typeof normTypes)[number];

/** Everything that decides a VQModel's architecture and its latents' conventions. */
export interface VQModelConfig extends BlocksConfig {
  /** Rows of the codebook. */
  readonly numVqEmbeddings: number;
  /** Values of one row, E, which is the channels of what is encoded and decoded; null for latentChannels. */
  readonly vqEmbedDim: number | null;
  /** What pipelines of Latent Diffusion multiply latents by; the model itself never does. */
  readonly scalingFactor: number;
  /** How the decoder normalises. */
  readonly normType: NormType;
  /** Whether `decode` with `forceNotQuantize` takes rows' numbers instead of latents (aMUSEd). */
  readonly lookupFromCodebook: boolean;
  /** Whether pipelines run it in float32 even when the file is float16. */
  readonly forceUpcast: boolean;
}

/** diffusers' defaults, which fill the keys that a config.json leaves out. */
export const defaultVQModelConfig: VQModelConfig = {
  inChannels: 3,
  outChannels: 3,
  downBlockTypes: ["DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D"],
  blockOutChannels: [64],
  layersPerBlock: 1,
  actFn: "silu",
  latentChannels: 3,
  sampleSize: 32,
  numVqEmbeddings: 256,
  normNumGroups: 32,
  vqEmbedDim: null,
  scalingFactor: 0.18215,
  normType: "group",
  midBlockAddAttention: true,
  lookupFromCodebook: false,
  forceUpcast: false,
};

/** The groups of the decoder's normalisations where they depend on the latents: always these. */
export const spatialNormGroups = 32;

const table: ConfigTable<VQModelConfig> = {
  classNames: ["VQModel"],
  checks: {
    ...blockChecks,
    numVqEmbeddings: positiveInteger(configLimits.codebookRows),
    vqEmbedDim: nullable(positiveInteger(configLimits.latentChannels)),
    scalingFactor: positiveNumber,
    normType: oneOf(normTypes),
    lookupFromCodebook: boolean,
    forceUpcast: boolean,
  },
};

/** `_class_name` in its config.json. */
export const [vqModelClassName] = table.classNames;

/** The content of diffusers' config.json, whole or in part. */
export type VQModelConfigJson = ConfigJson<VQModelConfig>;

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenVQModelConfig = Partial<VQModelConfig> | VQModelConfigJson;

/** The keys of its config.json. */
export const vqModelKeys: readonly string[] = keysOf(table).map(snakeCase);

/** Channels of what is encoded and decoded, E: the values of a row of the codebook. */
export const embedDimOf = ({
  vqEmbedDim,
  latentChannels,
}: Pick<VQModelConfig, "vqEmbedDim" | "latentChannels">): number => vqEmbedDim ?? latentChannels;

/** What holds of the model, whatever the keys are called. diffusers refuses to tile it. */
export const factsOfVQModel = (config: VQModelConfig): ModelFacts => ({
  ...factsOfBlocks(config),
  latentChannels: embedDimOf(config),
  tiles: undefined,
});

/** @throws INVALID_CONFIG as readKeys. */
export function readVQModelConfig(
  json: unknown,
  subject: string,
  source: ConfigSource,
): ReadKeys<VQModelConfig> {
  return readKeys(json, subject, source, table);
}

/** Fills checked values with diffusers' defaults. @throws INVALID_CONFIG on values that contradict each other. */
export function withVQModelDefaults(values: Partial<VQModelConfig>, subject: string): VQModelConfig {
  const config: VQModelConfig = { ...defaultVQModelConfig, ...values };
  checkConsistency(config, subject);
  return Object.freeze(config);
}

/** A partial config with diffusers' defaults. @throws INVALID_CONFIG on an unknown key or a wrong value. */
export function completeVQModelConfig(partial: GivenVQModelConfig, subject = "config"): VQModelConfig {
  return withVQModelDefaults(readVQModelConfig(partial, subject, "object").values, subject);
}

/** Reads the content of a diffusers config.json. @throws INVALID_CONFIG */
export function parseVQModelConfig(json: unknown, subject: string): ParsedConfig<VQModelConfig> {
  const { values, warnings } = readVQModelConfig(json, subject, "config.json");
  return { config: withVQModelDefaults(values, subject), warnings };
}

/** @throws INVALID_CONFIG unless it is whole, every value of its kind, and all of them together. */
export function checkVQModelConfig(config: unknown, subject: string): asserts config is VQModelConfig {
  checkKeys(config, subject, table);
  checkConsistency(config, subject);
}

/** config.json's text. */
export function formatVQModelConfig(config: VQModelConfig): string {
  checkVQModelConfig(config, "formatConfig");
  return configText(vqModelClassName, { ...config });
}

function checkConsistency(config: VQModelConfig, subject: string): void {
  checkBlocks(config, subject);
  if (config.normType !== "spatial") return;
  const fail = (message: string): never => {
    throw new VaekitError("INVALID_CONFIG", `${subject}: ${message}`);
  };
  const ragged = config.blockOutChannels.find((channels) => channels % spatialNormGroups !== 0);
  if (ragged !== undefined) {
    fail(
      `expected every block_out_channels to be a multiple of ${spatialNormGroups}, which norm_type "spatial" always takes for its groups, found ${ragged}.`,
    );
  }
  const { latentChannels } = config;
  if (embedDimOf(config) !== latentChannels) {
    fail(
      `expected vq_embed_dim to be latent_channels ${latentChannels}, since norm_type "spatial" normalises by the quantised latents, found ${embedDimOf(config)}.`,
    );
  }
}
