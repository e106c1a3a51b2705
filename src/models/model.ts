/**
 * What vaekit knows of one class of autoencoder. A class is one folder of this directory and one line in the registry;
 * whatever encodes, decodes, tiles, exports or prints works on these members and knows no class.
 */
import type { Graph } from "../graph/index.ts";
import type { Encoded } from "../latents/encoded.ts";
import type { PixelLikelihood, ScaledPixels } from "../latents/pixel-likelihood.ts";
import type { LatentScaling } from "../latents/scaling.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Shape } from "../tensor/shape.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ModelNames } from "./names.ts";
import type { FindParameter, Half, InputSize } from "./parameters.ts";

/** What the rest of vaekit asks of a config, whatever its keys are called. */
export interface ModelFacts {
  /** Channels of the pictures that are encoded; for rows, the values of one. */
  readonly inChannels: number;
  /** Channels of the pictures that are decoded; for rows, the values of one. */
  readonly outChannels: number;
  /** Latent channels, L; for rows, the values of one. */
  readonly latentChannels: number;
  /** How many pixels one latent covers along each side. */
  readonly spatialFactor: number;
  /** What becomes of a side that is no multiple of the factor: its rest is cut off, filled up, or the side is refused. */
  readonly sizes: "down" | "up" | "refused";
  /** "planes": pictures [N, C, H, W], latents [N, L, h, w]. "rows": [N, C] and [N, L], of one size only. */
  readonly layout: "planes" | "rows";
  /**
   * What the sides of pictures are made multiples of, where a diffusion model takes latents in patches.
   * @default spatialFactor
   */
  readonly pictureMultiple?: number;
  /**
   * Whether it is of videos, of which vaekit takes one frame: then pixels and latents may also have an axis of one
   * frame, [N, C, 1, H, W]. @default false
   */
  readonly isOfFrames?: boolean;
  /** The range of pixels: "signed" [-1, 1], "unit" [0, 1]. */
  readonly pixelRange: "signed" | "unit";
  /** The tiles of diffusers' class; undefined where it has none. */
  readonly tiles: TileFacts | undefined;
}

/** The sides of diffusers' square tiles. */
export interface TileFacts {
  /** The key of config.json that decides them, for messages. */
  readonly key: string;
  /** Pixels of a tile. */
  readonly pixels: number;
  /** Latents of a tile. */
  readonly latents: number;
  /** Share of a tile that overlaps the next. */
  readonly overlap: number;
  /** How tiles are joined: each fades into the next, or is laid over the last one along a ramp. @default "fade" */
  readonly join?: "fade" | "ramp";
  /** Where a half's tiles are others than these. */
  readonly halves?: Readonly<Record<Half, HalfTiles>>;
}

/** The sides of one half's tiles. */
export interface HalfTiles {
  /** Of a tile before the half: pixels for the encoder, latents for the decoder. */
  readonly tile: number;
  /** Of what becomes of it. */
  readonly result: number;
  /** The longest side that needs no tiles. */
  readonly most: number;
}

/** How diffusers decodes tiles, where that is not how it decodes a whole picture. */
export interface TileDecoder<Config> {
  /** One input, latents [N, L, h, w] of a tile; one output, what is cross-faded. */
  graph(config: Config, size: InputSize, find: FindParameter): Graph;
  /** What the joined tiles become: pixels [N, C, H, W]. */
  finished(joined: Tensor<"float32">, config: Config): Tensor<"float32">;
}

/** A config that was read, and what was odd about it. */
export interface ParsedConfig<Config> {
  /** The config, checked and complete. */
  readonly config: Config;
  /** One line each: unknown keys, values that contradict each other. */
  readonly warnings: string[];
}

/** How a class's config becomes a config.json, and a config.json a config. */
export interface ConfigSchema<Config> {
  /** The keys of config.json by which one without `_class_name` is known. */
  readonly keys: readonly string[];
  /**
   * Reads a config.json.
   *
   * @param json the parsed content of a config.json.
   * @param subject what to call it in messages: its path.
   * @throws INVALID_CONFIG when it is no config of the class, or a value is wrong.
   */
  parse(json: unknown, subject: string): ParsedConfig<Config>;
  /** config.json's text, `_class_name` in it, which {@link parse} reads as the same config. */
  format(config: Config): string;
}

/**
 * A tensor of a checkpoint that no graph takes: statistics beside the parameters, which the class reads by itself.
 */
export interface BufferFacts {
  /** What a fresh model has. Its shape is that of every checkpoint's. */
  readonly fresh: Tensor;
  /** Whether nothing is lost where a checkpoint has none. @default false */
  readonly isOptional?: boolean;
}

/** How a checkpoint may differ from a model's parameters. */
export interface CheckpointTolerance {
  /** Whether it may be without a parameter, since no graph computes with it. */
  mayLack(name: string): boolean;
  /** Whether a parameter's shape is another one that the graphs take. */
  alsoFits(found: Shape, expected: Shape): boolean;
}

/** The buffers of a model, in memory, by name. */
export type Buffers = ReadonlyMap<string, Tensor>;

/** Tensors of which only the shapes matter here. */
export type TensorShapes = ReadonlyMap<string, Pick<FoundTensor, "shape">>;

/** What a caller says of weights that come without config.json. */
export interface GivenSources {
  /** The family of models whose scaling holds. */
  readonly as?: string | undefined;
  /** Keys of a config. */
  readonly config?:
    | {
        /** The keys and their values, parsed. */
        readonly json: unknown;
        /** What to call it in messages. */
        readonly subject: string;
        /** Whether it was read from a file; else the caller wrote the object. */
        readonly isFile: boolean;
      }
    | undefined;
}

/** Weights of a class that come alone in a file: how they are known, and what config they have. */
export interface WeightsAlone<Config> {
  /** Whether the tensors are those of the class, or of one of its halves, by their names and shapes. */
  recognizes(tensors: TensorShapes): boolean;
  /**
   * The config of weights that come without one.
   *
   * @param tensors under the names of the graphs.
   * @param subject what to call the weights in messages: their path.
   * @throws INVALID_CONFIG when nothing says what shapes do not, or the caller contradicts them; UNSUPPORTED,
   *   WEIGHTS_MISMATCH when they are not the class's.
   */
  infer(tensors: TensorShapes, given: GivenSources, subject: string): ParsedConfig<Config>;
}

/**
 * p(x|z) with a scale around the pixels of a class that knows no such thing: the scale's parameters lie in a file of their own
 * (likelihood.safetensors), beside weights that stay as they are.
 */
export interface LikelihoodBeside<Config> {
  /** Name and shape of each parameter of the scale. */
  shapes(config: Config, likelihood: ScaledPixels): Map<string, Shape>;
  /** As {@link VaeModel.pixelDecoder}; `find` knows the scale's parameters, too. */
  decoder(config: Config, likelihood: ScaledPixels, size: InputSize, find: FindParameter): Graph;
}

/**
 * One class of autoencoder.
 *
 * @typeParam Config the class's config, its keys checked and complete.
 * @typeParam Output what `encode` returns.
 */
export interface VaeModel<Config extends object = object, Output extends Encoded = Encoded> {
  /** `_class_name` in config.json. */
  readonly className: string;
  /** Other names that a config.json may have for it. */
  readonly aliases?: readonly string[];
  /** How its config is read from a config.json and written into one. */
  readonly config: ConfigSchema<Config>;
  /** What a config says, whatever its keys are called. */
  facts(config: Config): ModelFacts;
  /**
   * Name and shape of every parameter: what a checkpoint must hold.
   *
   * @param half of one half only; of both, the encoder's first, when left out.
   */
  parameterShapes(config: Config, half?: Half): Map<string, Shape>;
  /** Left out where a checkpoint must have exactly these. */
  readonly tolerance?: CheckpointTolerance;
  /** One input, pixels [N, C, H, W] of this size; one output, what {@link encoded} takes. */
  encoder(config: Config, size: InputSize, find: FindParameter): Graph;
  /** One input, latents [N, L, h, w] of this size; one output, pixels [N, C, H, W]. */
  decoder(config: Config, size: InputSize, find: FindParameter): Graph;
  /** Left out where a tile is decoded as a whole picture is. */
  readonly tileDecoder?: TileDecoder<Config>;
  /** How the decoder's pixels are distributed; left out, or undefined, where it gives pixels and no distribution. */
  pixels?(config: Config): "bernoulli" | PixelLikelihood | undefined;
  /**
   * The decoder of {@link pixels}: for those with a scale it gives twice as many channels, the means and then the scales; for categorical
   * ones the logarithms of the levels' probabilities, those of one value after those of another.
   *
   * @default {@link decoder}, for Bernoulli pixels
   */
  pixelDecoder?(config: Config, size: InputSize, find: FindParameter): Graph;
  /** What a file beside the weights adds to them; left out where the class has no such file. */
  readonly likelihood?: LikelihoodBeside<Config>;
  /**
   * What `encode` returns.
   *
   * @param output what the encoder's graph gave.
   */
  encoded(output: Tensor<"float32">, config: Config): Output;
  /** What `forward` decodes of the latents that it encoded. @default all of them, as they are */
  forwardLatents?(latents: Tensor<"float32">, config: Config): Tensor<"float32">;
  /**
   * The checkpoint's tensors that no graph takes, by name. Left out where there are none.
   */
  buffers?(config: Config): ReadonlyMap<string, BufferFacts>;
  /**
   * How a pipeline of this class scales latents.
   *
   * @param buffers of {@link VaeModel.buffers} those that the checkpoint has: all that are not optional, unless it is of
   *   one half alone.
   * @throws INVALID_FILE when the numbers in them are none to scale by.
   */
  scaling(config: Config, buffers: Buffers): LatentScaling;
  /**
   * The config of a model of two halves from different places, where one can say both; else left out, or undefined.
   */
  paired?(encoder: Config, decoder: Config): Config | undefined;
  /**
   * The config that belongs to weights beside a config.json that cannot say all of it; left out where config.json can.
   *
   * @param tensors under the names of the graphs.
   * @param subject what to call the weights in messages: their path.
   * @throws UNSUPPORTED for weights of an architecture that the class does not have.
   */
  amended?(config: Config, tensors: TensorShapes, subject: string): Config;
  /** Fresh weights, by name. */
  initialize(config: Config, generator: BaseGenerator): Map<string, Tensor<"float32">>;
  /** Names of its tensors in files of other formats; left out where there are none. */
  readonly names?: ModelNames;
  /** What opens weights without a config.json, loaded when there are some. Left out where a class is only known by its config.json. */
  alone?(): Promise<WeightsAlone<Config>>;
  /**
   * Whether infinite weights may hide behind an activation that saturates, so that they are looked for once before
   * the first run. @default false
   */
  readonly hidesDamage?: boolean;
}
