/**
 * An autoencoder of any class, ready to use: a config, weights and a runtime joined behind encode and decode.
 * How it is opened depends on the platform: see node/ and web/.
 */
import type { Graph } from "../graph/index.ts";
import { DecoderOutput, type Encoded } from "../latents/index.ts";
import { denormalizeLatents, normalizeLatents, type LatentScaling } from "../latents/scaling.ts";
import type { InputSize, ModelFacts, VaeModel } from "../models/index.ts";
import { encodeModel } from "../onnx/index.ts";
import { Lifetime, type Runtime } from "../runtime/index.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readTensor } from "../weights/index.ts";
import { joinBatch, splitBatch } from "./batch.ts";
import { checkLatents, checkPixels } from "./check-input.ts";
import { checkLayoutOptions, latentsAsPlanes } from "./layout.ts";
import { countParameters, filesOf, finderOf, type ModelWeights } from "./model-weights.ts";
import { Coder } from "./coder.ts";
import type { Machine } from "./machine.ts";
import { checkFiniteResult, checkFiniteWeights, type Suspect } from "./non-finite.ts";
import {
  checkCodingOptions,
  checkExportOptions,
  checkForwardOptions,
  checkHalf,
  checkSize,
  type CodingOptions,
  type CodingPlan,
  type ExportOptions,
  type ForwardOptions,
  type Half,
} from "./options.ts";
import { tileCount, tilesFor } from "./tile-sizes.ts";
import { processTiled } from "./tiling.ts";

type Planes = Tensor<"float32">;

/** What `forward` returns, of whatever class. */
export type Reconstruction = Pick<DecoderOutput, "sample">;

/** What an autoencoder is made of. */
export interface VaeParts<Config extends object = object, Output extends Encoded = Encoded> {
  /** For messages and provenance: where the model came from. */
  readonly name: string;
  readonly model: VaeModel<Config, Output>;
  readonly config: Config;
  readonly weights: ModelWeights;
  readonly runtime: Runtime;
  readonly machine: Machine;
}

/**
 * An autoencoder of any class.
 *
 * @typeParam Config the class's config.
 * @typeParam Output what `encode` returns.
 */
export class Vae<Config extends object = object, Output extends Encoded = Encoded> {
  readonly name: string;
  readonly config: Config;
  /** What holds of the model, whatever the keys of its config are called. */
  readonly facts: ModelFacts;
  /** The number of scalars in the weights. */
  readonly parameterCount: number;
  readonly #model: VaeModel<Config, Output>;
  readonly #weights: ModelWeights;
  readonly #runtime: Runtime;
  readonly #coder: Coder;
  readonly #lifetime: Lifetime;
  #weightsChecked: Promise<void> | undefined;
  #scaling: LatentScaling | undefined;

  protected constructor({ name, model, config, weights, runtime, machine }: VaeParts<Config, Output>) {
    this.name = name;
    this.config = config;
    this.facts = Object.freeze(model.facts(config));
    this.parameterCount = countParameters(weights);
    this.#model = model;
    this.#weights = weights;
    this.#runtime = runtime;
    this.#lifetime = new Lifetime(`${name}: the model`);
    const graphOf = (half: Half, size: InputSize): Graph => this.graph(half, size);
    this.#coder = new Coder({ runtime, machine, graphOf, facts: this.facts });
  }

  /** The class, as config.json's `_class_name` has it. */
  get className(): string {
    return this.#model.className;
  }

  /** How many pixels one latent covers along each side. */
  get spatialFactor(): number {
    return this.facts.spatialFactor;
  }

  /** Between the model's own latents and those that a diffusion model sees. */
  get scaling(): LatentScaling {
    return (this.#scaling ??= this.#model.scaling(this.config));
  }

  /** Where the model runs: known once it has run. */
  get device(): string | undefined {
    return this.#runtime.device;
  }

  /** Names of the checkpoint's tensors that the model does not have. */
  get unexpectedTensors(): readonly string[] {
    return this.#weights.unexpected;
  }

  /** The files on disk that the weights are read from while the model is in use. */
  get weightFiles(): readonly string[] {
    return filesOf(this.#weights);
  }

  /** Every parameter with its shape and the dtype it is stored in. */
  parameterTable(): { name: string; shape: Shape; dtype: DType }[] {
    return [...this.#weights.parameters].map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
  }

  /** config.json's text, `_class_name` in it. */
  configText(): string {
    return this.#model.config.format(this.config);
  }

  /**
   * Pixels → what the class makes of them, whose `latents()` are the latents.
   *
   * @param pixels float [N, C, H, W], or rows [N, C], in the model's range (`facts`).
   * @returns latents [N, L, H / factor, W / factor], or rows [N, L], neither scaled nor shifted.
   * @throws INVALID_ARGUMENT on another shape, or for a budget of memory that is too small; NOT_FINITE when the result
   *   holds NaN or infinite values.
   */
  async encode(pixels: Tensor, options: CodingOptions = {}): Promise<Output> {
    const result = await this.#lifetime.during(() => {
      checkCodingOptions("encode", options);
      return this.#process("encoder", checkPixels(pixels, this.facts), options);
    });
    return this.#model.encoded(result, this.config);
  }

  /**
   * Latents → pixels.
   *
   * @param latents float [N, L, h, w], or rows [N, L], as `encode` gives them (see {@link denormalizeLatents}).
   * @returns pixels [N, C, h · factor, w · factor], or rows [N, C], in about the model's range, not clamped.
   * @throws INVALID_ARGUMENT on another shape, or for a budget of memory that is too small; NOT_FINITE when the result
   *   holds NaN or infinite values.
   */
  async decode(latents: Tensor, options: CodingOptions = {}): Promise<DecoderOutput> {
    const sample = await this.#lifetime.during(() => {
      checkCodingOptions("decode", options);
      return this.#process("decoder", checkLatents(latents, this.facts), options);
    });
    return new DecoderOutput({ sample });
  }

  /** Encodes, takes the most probable latents (or a sample), and decodes them. */
  async forward(pixels: Tensor, options: ForwardOptions = {}): Promise<Reconstruction> {
    const { sample } = await this.reconstruct(pixels, options);
    return new DecoderOutput({ sample });
  }

  /** {@link forward}, and what was encoded on the way. */
  protected async reconstruct(
    pixels: Tensor,
    options: ForwardOptions,
  ): Promise<{ readonly sample: Tensor; readonly encoded: Output }> {
    checkForwardOptions("forward", options);
    const { samplePosterior = false, generator, noise, ...coding } = options;
    const encoded = await this.encode(pixels, coding);
    const random = {
      ...(generator === undefined ? {} : { generator }),
      ...(noise === undefined ? {} : { noise }),
    };
    const latents = encoded.latents({ sample: samplePosterior, ...random });
    const { sample } = await this.decode(latents, coding);
    return { sample, encoded };
  }

  /** VAE latents → what a diffusion model sees, by the model's {@link scaling}. */
  normalizeLatents(latents: Tensor): Planes {
    return this.#scaled(latents, normalizeLatents);
  }

  /** What a diffusion model makes → VAE latents: the inverse of {@link normalizeLatents}. */
  denormalizeLatents(latents: Tensor): Planes {
    return this.#scaled(latents, denormalizeLatents);
  }

  #scaled(latents: Tensor, scale: typeof normalizeLatents): Planes {
    const planes = latentsAsPlanes(latents, this.facts);
    const scaled = scale(planes, this.scaling);
    return planes === latents ? scaled : scaled.reshape(latents.shape);
  }

  /** The graph of one half for one input size (pixels for the encoder, latents for the decoder). */
  graph(half: Half, size: InputSize): Graph {
    checkHalf("graph", half);
    checkSize("graph", size);
    const find = finderOf(this.#weights);
    return half === "encoder"
      ? this.#model.encoder(this.config, size, find)
      : this.#model.decoder(this.config, size, find);
  }

  /**
   * One half as a complete ONNX model, weights inside, for one input size.
   *
   * @throws NOT_FINITE when its weights hold NaN or infinite values, unless `checkFinite` is false.
   */
  exportOnnx(half: Half, size: InputSize, options: ExportOptions = {}): Promise<Uint8Array> {
    return this.#lifetime.during(() => this.#exportOnnx(half, size, options));
  }

  async #exportOnnx(half: Half, size: InputSize, options: ExportOptions): Promise<Uint8Array> {
    checkExportOptions("exportOnnx", options);
    const graph = this.graph(half, size);
    const weights = new Map<string, Tensor>();
    for (const { data } of graph.initializers) {
      if ("stored" in data) weights.set(data.stored.name, await readTensor(data.stored));
    }
    if (options.checkFinite !== false) checkFiniteWeights(`${this.name}: the ${half}`, weights);
    return encodeModel(graph, ({ name }) => ({ bytes: weights.get(name)!.bytes }));
  }

  /** Reads every parameter into memory, by diffusers' names. */
  stateDict(): Promise<Map<string, Tensor>> {
    return this.#lifetime.during(() => this.#readWeights());
  }

  /**
   * Frees the sessions and their thread. Calls under way end with DISPOSED, and so does every later one that computes,
   * plans, or reads weights. What the model knows by itself stays: its config, `graph`, `parameterTable`, and the
   * scaling of latents. Disposing twice does no harm.
   */
  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      await this.#coder.dispose();
      await this.#runtime.dispose();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Runs one half over a batch: by samples if sliced, by tiles if tiled, else at once. */
  async #process(half: Half, x: Planes, options: CodingOptions): Promise<Planes> {
    const coding = this.#codingOptions(options);
    if (options.checkFinite !== false && this.#model.hidesDamage === true) await this.#checkWeights();
    const tiles = coding.tiling === "diffusers" ? tilesFor(x, this.facts, half) : { input: x };
    const parts = options.slicing === true ? splitBatch(tiles.input) : [tiles.input];
    const total = parts.length * tileCount(tiles);
    let done = 0;
    let firstPicture = 0;
    const run = async (input: Planes): Promise<Planes> => {
      const result = await this.#coder.code(half, input, coding);
      if (options.checkFinite !== false) {
        const pass = { input, result, batch: x, firstPicture };
        await checkFiniteResult(this.#suspect(half), pass);
      }
      options.onProgress?.({ done: ++done, total });
      return result;
    };
    options.onProgress?.({ done, total });
    const results: Planes[] = [];
    for (const part of parts) {
      results.push(tiles.sizes === undefined ? await run(part) : await processTiled(part, tiles.sizes, run));
      firstPicture += part.shape[0]!;
    }
    return joinBatch(results);
  }

  #suspect(half: Half): Suspect {
    const graphOf = ([batch, , height = 1, width = 1]: Shape): Graph =>
      this.graph(half, { batch: batch!, height, width });
    const sideUnit = half === "encoder" ? this.spatialFactor : 1;
    return { name: this.name, half, runtime: this.#runtime, graphOf, sideUnit };
  }

  /** What `encode` or `decode` would do with one input size, and what it would need of the machine. */
  plan(half: Half, size: InputSize, options: CodingOptions = {}): Promise<CodingPlan> {
    return this.#lifetime.during(async () => {
      checkHalf("plan", half);
      checkSize("plan", size);
      checkCodingOptions("plan", options);
      return this.#coder.plan(half, size, this.#codingOptions(options));
    });
  }

  /** Rows go at once: they have no sides to cut. */
  #codingOptions(options: CodingOptions): CodingOptions {
    if (this.facts.layout === "planes") return options;
    checkLayoutOptions(options, this.className);
    return { ...options, tiling: "off" };
  }

  /** Once: an infinite weight may hide behind an activation that saturates. */
  #checkWeights(): Promise<void> {
    const check = async (): Promise<void> => {
      checkFiniteWeights(this.name, await this.#readWeights());
    };
    return (this.#weightsChecked ??= check().catch((error: unknown) => {
      this.#weightsChecked = undefined;
      throw error;
    }));
  }

  async #readWeights(): Promise<Map<string, Tensor>> {
    const entries = [...this.#weights.parameters].map(async ([name, stored]): Promise<[string, Tensor]> => [
      name,
      await readTensor(stored),
    ]);
    return new Map(await Promise.all(entries));
  }
}
