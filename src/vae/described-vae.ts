/** What an autoencoder knows by itself, of its config and its weights, whether it runs or not. */
import type { Graph } from "../graph/index.ts";
import type { Encoded } from "../latents/index.ts";
import { denormalizeLatents, normalizeLatents } from "../latents/normalize.ts";
import type { LatentScaling } from "../latents/scaling.ts";
import { checkFacts, type InputSize, type ModelFacts, type VaeModel } from "../models/index.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { commonText, configOfHalf, factsOf, halfNames, withoutBuffers, type HalfConfigs } from "./halves.ts";
import { latentsAsPlanes } from "./layout.ts";
import {
  countParameters,
  filesOf,
  finderOf,
  neededBuffers,
  readParameters,
  type ModelWeights,
} from "./model-weights.ts";
import { checkHalf, checkSize, type Half } from "./options.ts";

/** One parameter of a model, without its numbers. */
export interface ParameterDescription {
  /** diffusers' name. */
  readonly name: string;
  /** As the checkpoint has it. */
  readonly shape: Shape;
  /** The dtype it is stored in; everything is computed in float32. */
  readonly dtype: DType;
}

/** What a model is, beside what runs it. */
export interface DescribedParts<Config extends object = object, Output extends Encoded = Encoded> {
  /** For messages and provenance: where the model came from. */
  readonly name: string;
  readonly model: VaeModel<Config, Output>;
  readonly config: Config;
  /** A config for each half that is there, where it is one alone, or where they differ. @default both have `config` */
  readonly halves?: HalfConfigs<Config>;
  readonly weights: ModelWeights;
}

/**
 * An autoencoder of any class, at rest.
 *
 * @typeParam Config the class's config.
 * @typeParam Output what `encode` returns.
 */
export class DescribedVae<Config extends object = object, Output extends Encoded = Encoded> {
  /** Where the model came from, for messages and provenance: a path, a hub id, a URL. */
  readonly name: string;
  /** The encoder's, where the decoder has one of its own. */
  readonly config: Config;
  /** What holds of the model, whatever the keys of its config are called. */
  readonly facts: ModelFacts;
  /** The number of scalars in the weights. */
  readonly parameterCount: number;
  protected readonly model: VaeModel<Config, Output>;
  protected readonly halfConfigs: HalfConfigs<Config>;
  protected readonly weights: ModelWeights;
  #scaling: LatentScaling | undefined;

  protected constructor({ name, model, config, halves, weights }: DescribedParts<Config, Output>) {
    this.name = name;
    this.config = config;
    this.halfConfigs = halves ?? { encoder: config, decoder: config };
    const facts: unknown = factsOf(model, this.halfConfigs);
    checkFacts(facts, model.className);
    this.facts = Object.freeze(facts);
    this.parameterCount = countParameters(weights);
    this.model = model;
    this.weights = weights;
  }

  /** The class, as config.json's `_class_name` has it. */
  get className(): string {
    return this.model.className;
  }

  /** What there is of the model: both halves, or one alone. */
  get halves(): readonly Half[] {
    return halfNames.filter((half) => this.halfConfigs[half] !== undefined);
  }

  /** How many pixels one latent covers along each side. */
  get spatialFactor(): number {
    return this.facts.spatialFactor;
  }

  /**
   * Between the model's own latents and those that a diffusion model sees.
   *
   * @throws UNSUPPORTED for one half alone without the statistics that its class scales by.
   */
  get scaling(): LatentScaling {
    return (this.#scaling ??= this.#scalingOfClass());
  }

  /** Names of the checkpoint's tensors that the model does not have. */
  get unexpectedTensors(): readonly string[] {
    return this.weights.unexpected;
  }

  /** The files on disk that the weights are read from while the model is in use. */
  get weightFiles(): readonly string[] {
    return filesOf(this.weights);
  }

  /** Every parameter with its shape and the dtype it is stored in. */
  parameterTable(): ParameterDescription[] {
    return [...this.weights.parameters].map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
  }

  /** What lies beside the parameters in a checkpoint and is not trained: statistics. Few classes have any. */
  bufferTable(): ParameterDescription[] {
    return [...this.weights.buffers].map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
  }

  /**
   * What lies beside the model's weights of its pixels' distribution: likelihood.safetensors.
   *
   * @internal
   * @returns the scale's parameters in memory, and the file's metadata; undefined where there is nothing.
   * @throws IO when the file cannot be read.
   */
  async likelihoodFile(): Promise<
    { readonly tensors: Map<string, Tensor>; readonly metadata: Readonly<Record<string, string>> } | undefined
  > {
    const { likelihood } = this.weights;
    if (likelihood === undefined) return undefined;
    const { likelihoodMetadata } = await import("../models/likelihood-file.ts");
    return {
      tensors: await readParameters(likelihood),
      metadata: likelihoodMetadata(likelihood.pixels),
    };
  }

  /**
   * config.json's text, `_class_name` in it.
   *
   * @throws UNSUPPORTED for two halves with configs of their own, which one text cannot say.
   */
  configText(): string {
    return commonText(this.name, this.halfConfigs, (config) => this.model.config.format(config));
  }

  /**
   * VAE latents → what a diffusion model sees, by the model's {@link scaling}.
   *
   * @param latents float [N, L, h, w], or rows [N, L], as `encode` gives them.
   * @returns float32 of the same shape.
   * @throws INVALID_ARGUMENT on another shape.
   */
  normalizeLatents(latents: Tensor): Tensor<"float32"> {
    return this.#scaled(latents, normalizeLatents);
  }

  /**
   * What a diffusion model makes → VAE latents: the inverse of {@link normalizeLatents}.
   *
   * @param latents float [N, L, h, w], or rows [N, L].
   * @returns float32 of the same shape, for `decode`.
   * @throws INVALID_ARGUMENT on another shape.
   */
  denormalizeLatents(latents: Tensor): Tensor<"float32"> {
    return this.#scaled(latents, denormalizeLatents);
  }

  #scalingOfClass(): LatentScaling {
    const { model, config, name } = this;
    const { buffers } = this.weights;
    const missing = neededBuffers(model, config).filter((each) => !buffers.has(each));
    if (missing.length > 0) throw withoutBuffers(name, this.halves, missing);
    return model.scaling(config, buffers);
  }

  #scaled(latents: Tensor, scale: typeof normalizeLatents): Tensor<"float32"> {
    const planes = latentsAsPlanes(latents, this.facts);
    const scaled = scale(planes, this.scaling);
    return planes === latents ? scaled : scaled.reshape(latents.shape);
  }

  /**
   * The graph of one half for one input size (pixels for the encoder, latents for the decoder).
   *
   * @throws INVALID_ARGUMENT for a size that the model cannot have; UNSUPPORTED for the half that is not there.
   */
  graph(half: Half, size: InputSize): Graph {
    checkHalf("graph", half);
    checkSize("graph", size);
    const config = this.configOf(half, "graph");
    return this.model[half](config, size, finderOf(this.weights));
  }

  /** @throws UNSUPPORTED when the model is its other half alone. */
  protected configOf(half: Half, call: string): Config {
    return configOfHalf(this.name, this.halfConfigs, half, call);
  }
}
