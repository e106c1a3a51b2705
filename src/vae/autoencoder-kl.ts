/**
 * AutoencoderKL, ready to use: a config, weights and a runtime joined behind encode and decode.
 * How it is loaded depends on the platform: see node/ and web/.
 */
import type { Graph } from "../graph/index.ts";
import { DiagonalGaussianDistribution } from "../latents/diagonal-gaussian-distribution.ts";
import { AutoencoderKLForwardOutput, AutoencoderKLOutput, DecoderOutput } from "../latents/outputs.ts";
import { denormalizeLatents, normalizeLatents } from "../latents/scaling.ts";
import {
  buildDecoder,
  buildEncoder,
  spatialFactor,
  type AutoencoderKLConfig,
  type InputSize,
} from "../models/index.ts";
import { encodeModel } from "../onnx/index.ts";
import { Lifetime, type Runtime } from "../runtime/index.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readTensor } from "../weights/index.ts";
import { joinBatch, splitBatch } from "./batch.ts";
import { checkLatents, checkPixels } from "./check-input.ts";
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

/** What an autoencoder is made of. */
export interface AutoencoderKLParts {
  /** For messages and provenance: where the model came from. */
  readonly name: string;
  readonly config: AutoencoderKLConfig;
  readonly weights: ModelWeights;
  readonly runtime: Runtime;
  readonly machine: Machine;
}

/** The KL autoencoder of latent diffusion models, with the numbers of diffusers' class of that name. */
export class AutoencoderKLModel {
  readonly name: string;
  readonly config: AutoencoderKLConfig;
  /** The number of scalars in the weights. */
  readonly parameterCount: number;
  readonly #weights: ModelWeights;
  readonly #runtime: Runtime;
  readonly #coder: Coder;
  readonly #lifetime: Lifetime;

  protected constructor({ name, config, weights, runtime, machine }: AutoencoderKLParts) {
    this.name = name;
    this.config = config;
    this.parameterCount = countParameters(weights);
    this.#weights = weights;
    this.#runtime = runtime;
    this.#lifetime = new Lifetime(`${name}: the model`);
    const graphOf = (half: Half, size: InputSize): Graph => this.graph(half, size);
    this.#coder = new Coder({ runtime, machine, graphOf, spatialFactor: spatialFactor(config) });
  }

  /** How many pixels one latent covers along each side. */
  get spatialFactor(): number {
    return spatialFactor(this.config);
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

  /**
   * Pixels → the distribution of their latents.
   *
   * @param pixels float [N, C, H, W] in [-1, 1]; each side is floored to a multiple of the spatial factor.
   * @returns the posterior over latents [N, L, H / factor, W / factor], neither scaled nor shifted.
   * @throws INVALID_ARGUMENT on another shape, or for a budget of memory that is too small; NOT_FINITE when the result
   *   holds NaN or infinite values.
   */
  async encode(pixels: Tensor, options: CodingOptions = {}): Promise<AutoencoderKLOutput> {
    const moments = await this.#lifetime.during(() => {
      checkCodingOptions("encode", options);
      return this.#process("encoder", checkPixels(pixels, this.config), options);
    });
    return new AutoencoderKLOutput({ latentDist: new DiagonalGaussianDistribution(moments) });
  }

  /**
   * Latents → pixels.
   *
   * @param latents float [N, L, h, w] as the posterior gives them (see {@link denormalizeLatents}).
   * @returns pixels [N, C, h · factor, w · factor], about [-1, 1], not clamped.
   * @throws INVALID_ARGUMENT on another shape, or for a budget of memory that is too small; NOT_FINITE when the result
   *   holds NaN or infinite values.
   */
  async decode(latents: Tensor, options: CodingOptions = {}): Promise<DecoderOutput> {
    const sample = await this.#lifetime.during(() => {
      checkCodingOptions("decode", options);
      return this.#process("decoder", checkLatents(latents, this.config), options);
    });
    return new DecoderOutput({ sample });
  }

  /** Encodes, takes the mode (or a sample) of the posterior, and decodes it. */
  async forward(pixels: Tensor, options: ForwardOptions = {}): Promise<AutoencoderKLForwardOutput> {
    checkForwardOptions("forward", options);
    const { samplePosterior = false, generator, noise, ...coding } = options;
    const { latentDist } = await this.encode(pixels, coding);
    const latents = samplePosterior ? latentDist.sample({ generator, noise }) : latentDist.mode();
    const { sample } = await this.decode(latents, coding);
    return new AutoencoderKLForwardOutput({ sample, latentDist });
  }

  /** VAE latents → what a diffusion model sees: (z - shift) · scaling, or by mean and std where the config has them. */
  normalizeLatents(latents: Tensor): Planes {
    return normalizeLatents(latents, this.config);
  }

  /** What a diffusion model makes → VAE latents: the inverse of {@link normalizeLatents}. */
  denormalizeLatents(latents: Tensor): Planes {
    return denormalizeLatents(latents, this.config);
  }

  /** The graph of one half for one input size (pixels for the encoder, latents for the decoder). */
  graph(half: Half, size: InputSize): Graph {
    checkHalf("graph", half);
    checkSize("graph", size);
    const build = half === "encoder" ? buildEncoder : buildDecoder;
    return build(this.config, size, finderOf(this.#weights));
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
    return this.#lifetime.during(async () => {
      const entries = [...this.#weights.parameters].map(async ([name, stored]): Promise<[string, Tensor]> => [
        name,
        await readTensor(stored),
      ]);
      return new Map(await Promise.all(entries));
    });
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
    const tiles = options.tiling === "diffusers" ? tilesFor(x, this.config, half) : { input: x };
    const parts = options.slicing === true ? splitBatch(tiles.input) : [tiles.input];
    const total = parts.length * tileCount(tiles);
    let done = 0;
    let firstPicture = 0;
    const run = async (input: Planes): Promise<Planes> => {
      const result = await this.#coder.code(half, input, options);
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
    const graphOf = ([batch, , height, width]: Shape): Graph =>
      this.graph(half, { batch: batch!, height: height!, width: width! });
    const sideUnit = half === "encoder" ? this.spatialFactor : 1;
    return { name: this.name, half, runtime: this.#runtime, graphOf, sideUnit };
  }

  /** What `encode` or `decode` would do with one input size, and what it would need of the machine. */
  plan(half: Half, size: InputSize, options: CodingOptions = {}): Promise<CodingPlan> {
    return this.#lifetime.during(async () => {
      checkHalf("plan", half);
      checkSize("plan", size);
      checkCodingOptions("plan", options);
      return this.#coder.plan(half, size, options);
    });
  }
}
