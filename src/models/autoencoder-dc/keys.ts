/** The keys of diffusers' AutoencoderDC, with their checks and defaults. */
import { activation, type ActivationName } from "../block-keys.ts";
import { boolean, listOf, oneOf, positiveInteger, positiveNumber, type Check } from "../config-checks.ts";
import { type ConfigJson, type ConfigTable } from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";

const blockTypes = ["ResBlock", "EfficientViTBlock"] as const;
/** The blocks of a stage. */
export type DCBlockType = (typeof blockTypes)[number];

const normTypes = ["rms_norm", "batch_norm"] as const;
/** How a residual block of the decoder normalises. */
export type DCNormType = (typeof normTypes)[number];

/** One for all stages, or one for each. */
type EachStage<T> = T | readonly T[];

/** Everything that decides the model's architecture and its latents' conventions. Stages run from the highest resolution down. */
export interface AutoencoderDCConfig {
  /** Channels of pictures. */
  readonly inChannels: number;
  /** Latent channels, L. */
  readonly latentChannels: number;
  /** Channels of each head of attention. */
  readonly attentionHeadDim: number;
  /** The blocks of the encoder's stages. */
  readonly encoderBlockTypes: EachStage<DCBlockType>;
  /** The blocks of the decoder's stages. */
  readonly decoderBlockTypes: EachStage<DCBlockType>;
  /** Channels of the encoder's stages. */
  readonly encoderBlockOutChannels: readonly number[];
  /** Channels of the decoder's stages. */
  readonly decoderBlockOutChannels: readonly number[];
  /** Blocks in each stage of the encoder. The first stage may have none: pictures then enter at the second's resolution. */
  readonly encoderLayersPerBlock: readonly number[];
  /** Blocks in each stage of the decoder. */
  readonly decoderLayersPerBlock: readonly number[];
  /** Sides of the kernels that join neighbouring queries, keys and values, for each stage of the encoder. */
  readonly encoderQkvMultiscales: readonly (readonly number[])[];
  /** Sides of the kernels that join neighbouring queries, keys and values, for each stage of the decoder. */
  readonly decoderQkvMultiscales: readonly (readonly number[])[];
  /** "interpolate": nearest neighbour before a convolution; any other word: pixel_shuffle after it. */
  readonly upsampleBlockType: string;
  /** "pixel_unshuffle" after a convolution; any other word: a convolution of stride 2. */
  readonly downsampleBlockType: string;
  /** How the residual blocks of the decoder's stages normalise. */
  readonly decoderNormTypes: EachStage<DCNormType>;
  /** The activations of the decoder's stages. */
  readonly decoderActFns: EachStage<ActivationName>;
  /** Whether the encoder ends with a shortcut. */
  readonly encoderOutShortcut: boolean;
  /** Whether the decoder begins with a shortcut. */
  readonly decoderInShortcut: boolean;
  /** The activation before the decoder's last convolution. */
  readonly decoderConvActFn: ActivationName;
  /** 1 / the latents' standard deviation. */
  readonly scalingFactor: number;
}

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenDCConfig = Partial<AutoencoderDCConfig> | ConfigJson<AutoencoderDCConfig>;

/** diffusers' values of the keys that a config.json leaves out. */
export const dcDefaults: AutoencoderDCConfig = {
  inChannels: 3,
  latentChannels: 32,
  attentionHeadDim: 32,
  encoderBlockTypes: "ResBlock",
  decoderBlockTypes: "ResBlock",
  encoderBlockOutChannels: [128, 256, 512, 512, 1024, 1024],
  decoderBlockOutChannels: [128, 256, 512, 512, 1024, 1024],
  encoderLayersPerBlock: [2, 2, 2, 3, 3, 3],
  decoderLayersPerBlock: [3, 3, 3, 3, 3, 3],
  encoderQkvMultiscales: [[], [], [], [5], [5], [5]],
  decoderQkvMultiscales: [[], [], [], [5], [5], [5]],
  upsampleBlockType: "pixel_shuffle",
  downsampleBlockType: "pixel_unshuffle",
  decoderNormTypes: "rms_norm",
  decoderActFns: "silu",
  encoderOutShortcut: true,
  decoderInShortcut: true,
  decoderConvActFn: "relu",
  scalingFactor: 1,
};

/** Kernels of attention: no published model has larger ones than 5. */
const largestKernel = 31;
const mostScales = 8;

function eachStage<T>(check: Check<T>): Check<EachStage<T>> {
  const list = listOf(check, configLimits.levels);
  return (value) => {
    if (Array.isArray(value)) return list(value);
    const result = check(value);
    return "value" in result ? result : { ...result, expected: `${result.expected}, or a list of them` };
  };
}

function possiblyEmpty<T>(check: Check<T>, maxLength: number): Check<readonly T[]> {
  const list = listOf(check, maxLength);
  return (value) => (Array.isArray(value) && value.length === 0 ? { value: Object.freeze([]) } : list(value));
}

const blockCount: Check<number> = (value) =>
  value === 0 ? { value } : positiveInteger(configLimits.layersPerBlock)(value);

const oddSide: Check<number> = (value) => {
  const result = positiveInteger(largestKernel)(value);
  return "value" in result && result.value % 2 === 0 ? { expected: "an odd number" } : result;
};

const longestWord = 64;
const word: Check<string> = (value) =>
  typeof value === "string" && value.length > 0 && value.length <= longestWord
    ? { value }
    : { expected: "a word" };

const channels = listOf(positiveInteger(configLimits.blockChannels), configLimits.levels);
const layers = listOf(blockCount, configLimits.levels);
const scales = listOf(possiblyEmpty(oddSide, mostScales), configLimits.levels);

export const dcTable: ConfigTable<AutoencoderDCConfig> = {
  classNames: ["AutoencoderDC"],
  checks: {
    inChannels: positiveInteger(configLimits.pictureChannels),
    latentChannels: positiveInteger(configLimits.latentChannels),
    attentionHeadDim: positiveInteger(configLimits.blockChannels),
    encoderBlockTypes: eachStage(oneOf(blockTypes)),
    decoderBlockTypes: eachStage(oneOf(blockTypes)),
    encoderBlockOutChannels: channels,
    decoderBlockOutChannels: channels,
    encoderLayersPerBlock: layers,
    decoderLayersPerBlock: layers,
    encoderQkvMultiscales: scales,
    decoderQkvMultiscales: scales,
    upsampleBlockType: word,
    downsampleBlockType: word,
    decoderNormTypes: eachStage(oneOf(normTypes)),
    decoderActFns: eachStage(activation),
    encoderOutShortcut: boolean,
    decoderInShortcut: boolean,
    decoderConvActFn: activation,
    scalingFactor: positiveNumber,
  },
};
