/**
 * An autoencoder of any class, ready to use: a config, weights and a runtime joined behind encode and decode.
 * How it is opened depends on the platform: see node/ and web/.
 */
import type { Picture, PictureSource, Raster } from "../images/index.ts";
import { noPictureFiles, type PictureCodec } from "../images/picture-source.ts";
import { DecoderOutput, type Encoded, type PixelDistribution } from "../latents/index.ts";
import type { InputSize } from "../models/index.ts";
import { Lifetime } from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkLatents, checkPixels } from "./check-input.ts";
import { DescribedVae, type DescribedParts } from "./described-vae.ts";
import { halfNames } from "./halves.ts";
import { readWeights } from "./model-weights.ts";
import type { CodingEngine, MakeEngine } from "./coding-engine.ts";
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
import { LatentsWatch } from "./latents-watch.ts";
import { checkDecodingOptions, decodePreview, type DecodingOptions } from "./preview.ts";
import type { PixelDecoder } from "./pixel-decoder.ts";
import { pixelDecoderOf, withoutDistribution } from "./find-pixel-decoder.ts";
import { checkWarmUpOptions, warmUp, type WarmUpOptions } from "./warm-up.ts";
import {
  decodePicture,
  encodePicture,
  postprocessPictures,
  preprocessPicture,
  type PictureEncodingOptions,
  type PictureOptions,
} from "./picture-coding.ts";

/** What `forward` returns, of whatever class. */
export type Reconstruction = Pick<DecoderOutput, "sample">;

/** What an autoencoder is made of. */
export interface VaeParts<
  Config extends object = object,
  Output extends Encoded = Encoded,
> extends DescribedParts<Config, Output> {
  /** What computes. */
  readonly engine: MakeEngine;
  /** How the platform reads and writes pictures. @default not at all */
  readonly pictures?: PictureCodec;
  /** What says how pixels are distributed, where the config does not. @default what the class knows of its config */
  readonly pixelDecoder?: PixelDecoder;
  /** Told once if latents that are to be decoded do not look like the model's own. @default nobody */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * An autoencoder of any class.
 *
 * @typeParam Config the class's config.
 * @typeParam Output what `encode` returns.
 */
export class Vae<Config extends object = object, Output extends Encoded = Encoded> extends DescribedVae<
  Config,
  Output
> {
  readonly #engine: CodingEngine;
  readonly #pixelDecoder: PixelDecoder | undefined;
  readonly #pictures: PictureCodec;
  readonly #lifetime: Lifetime;
  readonly #watch: LatentsWatch;

  protected constructor(parts: VaeParts<Config, Output>) {
    super(parts);
    this.#pictures = parts.pictures ?? noPictureFiles;
    const { name, model, facts, weights, halfConfigs: halves } = this;
    this.#lifetime = new Lifetime(`${name}: the model`);
    this.#watch = new LatentsWatch({ name, scaling: () => this.scaling, onWarning: parts.onWarning });
    const pixelDecoder = parts.pixelDecoder ?? pixelDecoderOf(model, halves.decoder, weights);
    this.#pixelDecoder = pixelDecoder;
    this.#engine = parts.engine({ name, model, facts, weights, halves, pixelDecoder });
  }

  /** Where the model runs: known once it has run. */
  get device(): string | undefined {
    return this.#engine.device;
  }

  /**
   * Pixels → what the class makes of them, whose `latents()` are the latents.
   *
   * @param pixels float [N, C, H, W], or rows [N, C], in the model's range (`facts`).
   * @returns latents [N, L, H / factor, W / factor], or rows [N, L], neither scaled nor shifted. Quotients are rounded as the
   *   facts say (`sizes`).
   * @throws INVALID_ARGUMENT on another shape, or for a budget of memory that is too small; NOT_FINITE when the result
   *   holds NaN or infinite values.
   */
  async encode(pixels: Tensor, options: CodingOptions = {}): Promise<Output> {
    const result = await this.#lifetime.during(() => {
      checkCodingOptions("encode", options);
      this.configOf("encoder", "encode");
      return this.#engine.code("encoder", checkPixels(pixels, this.facts), options);
    });
    const encoded = this.model.encoded(result, this.config);
    await this.#watch.encoded(() => encoded.latents());
    return encoded;
  }

  /**
   * Latents → pixels.
   *
   * @param latents float [N, L, h, w], or rows [N, L], as `encode` gives them (see {@link denormalizeLatents}).
   * @returns pixels [N, C, h · factor, w · factor], or rows [N, C], in about the model's range, not clamped.
   * @param options with `preview`, another model's pixels come first, through `onPreview`.
   * @throws INVALID_ARGUMENT on another shape, or for a budget of memory that is too small; NOT_FINITE when the result
   *   holds NaN or infinite values.
   */
  async decode(latents: Tensor, options: DecodingOptions = {}): Promise<DecoderOutput> {
    const sample = await this.#lifetime.during(async () => {
      checkDecodingOptions("decode", options);
      this.configOf("decoder", "decode");
      const { preview, onPreview, ...coding } = options;
      const z = checkLatents(latents, this.facts);
      if (preview !== undefined) {
        const first = await decodePreview(preview, this.normalizeLatents(z), this.facts, coding);
        onPreview?.(new DecoderOutput({ sample: first }));
      }
      const looked = this.#watch.look("decode", latents);
      const [decoded] = await Promise.all([this.#engine.code("decoder", z, coding), looked]);
      return decoded;
    });
    return new DecoderOutput({ sample });
  }

  /**
   * {@link decode} as the pipelines of the class call it, which is the same for nearly all: those of a VQModel with spatial
   * norms do not quantise.
   *
   * @throws as decode does.
   */
  decodeLatents(latents: Tensor, options: DecodingOptions = {}): Promise<DecoderOutput> {
    return this.decode(latents, options);
  }

  /**
   * Latents → p(x|z): how the values of their pictures are distributed, whose `sample()` draws one, and whose `mean` is what
   * {@link decode} gives.
   *
   * @param latents as {@link decode} takes them.
   * @throws as decode does; UNSUPPORTED for a model that gives pixels and no distribution of them, as most do.
   */
  async decodeDistribution(latents: Tensor, options: CodingOptions = {}): Promise<PixelDistribution> {
    return this.#lifetime.during(async () => {
      checkCodingOptions("decodeDistribution", options);
      this.configOf("decoder", "decodeDistribution");
      const z = checkLatents(latents, this.facts);
      const decoder = this.#pixelDecoder;
      if (decoder === undefined) throw withoutDistribution(this.name);
      const { distributionOf } = await import("./pixel-distributions.ts");
      return distributionOf(await this.#engine.codePixels(z, options), decoder, this.facts);
    });
  }

  /** How the decoder's pixels are distributed; undefined where the model gives pixels and no distribution of them. */
  get pixels(): PixelDecoder["pixels"] | undefined {
    return this.#pixelDecoder?.pixels;
  }

  /**
   * Encodes, takes the most probable latents (or a sample), and decodes them.
   *
   * @param pixels as {@link encode} takes them.
   * @returns the reconstructions, of the pixels' shape where the model gives as many channels as it takes and sides are
   *   multiples of the factor.
   * @throws as encode and decode do; INVALID_ARGUMENT for randomness without `samplePosterior`; UNSUPPORTED for one half
   *   alone.
   */
  async forward(pixels: Tensor, options: ForwardOptions = {}): Promise<Reconstruction> {
    return (await this.reconstruct(pixels, options)).decoded;
  }

  /** {@link forward}, and what was encoded on the way. */
  protected async reconstruct(
    pixels: Tensor,
    options: ForwardOptions,
  ): Promise<{ readonly decoded: DecoderOutput; readonly encoded: Output }> {
    checkForwardOptions("forward", options);
    halfNames.forEach((half) => this.configOf(half, "forward"));
    const { samplePosterior = false, generator, noise, ...coding } = options;
    const encoded = await this.encode(pixels, coding);
    const random = {
      ...(generator === undefined ? {} : { generator }),
      ...(noise === undefined ? {} : { noise }),
    };
    const latents = encoded.latents({ sample: samplePosterior, ...random });
    const kept = this.model.forwardLatents?.(latents, this.config) ?? latents;
    return { decoded: await this.decode(kept, coding), encoded };
  }

  /**
   * A picture → the model's input, float32 [1, C, H, W]: resized, with the channels and in the range that it takes.
   *
   * @throws INVALID_ARGUMENT for what is no picture, or a size that the model cannot have; UNSUPPORTED for a model of no
   *   pictures.
   */
  preprocess(picture: Raster, options: PictureOptions = {}): Tensor<"float32"> {
    return preprocessPicture(this, picture, options);
  }

  /**
   * The model's output [N, C, H, W], or rows [N, C] → its pictures, 8 bits a sample: values are clamped to the model's range.
   *
   * @throws INVALID_ARGUMENT on another shape; UNSUPPORTED for a model of no pictures.
   */
  postprocess(sample: Tensor): Picture[] {
    return postprocessPictures(this, this.#pictures, sample);
  }

  /**
   * A picture → what a diffusion model sees of it: read, {@link preprocess}, {@link encode}, {@link normalizeLatents}.
   *
   * @param source a file's path (where there are files) or bytes, a Blob, an ImageData, or a raster.
   * @returns normalised latents, float32 [1, L, h, w]: the most probable ones, or a sample.
   * @throws INVALID_ARGUMENT, NOT_FOUND, INVALID_FILE, IO, and as encode does; UNSUPPORTED for a model of no pictures.
   */
  encodeImage(source: PictureSource, options: PictureEncodingOptions = {}): Promise<Tensor<"float32">> {
    const [codec, engine] = [this.#pictures, this.#engine];
    return encodePicture(this, { codec, engine }, source, options);
  }

  /**
   * What a diffusion model makes → its picture: {@link denormalizeLatents}, {@link decode}, {@link postprocess}.
   *
   * @param latents normalised, float [1, L, h, w].
   * @param options with `preview`, another model's picture comes first, through `onPreview`.
   * @throws INVALID_ARGUMENT, and as decode does; UNSUPPORTED for a model of no pictures.
   */
  decodeImage(latents: Tensor, options: DecodingOptions<Picture> = {}): Promise<Picture> {
    return decodePicture(this, this.#pictures, latents, options, this.#watch);
  }

  /**
   * Gets ready for the first picture, which then takes about as long as later ones: makes sessions, and sends an empty picture through
   * each half that is there. In a browser it takes some seconds, while the user chooses a picture.
   *
   * @throws INVALID_ARGUMENT; ABORTED; RUNTIME.
   */
  warmUp(options: WarmUpOptions = {}): Promise<void> {
    return this.#lifetime.during(() => {
      checkWarmUpOptions(options);
      return warmUp(this.#engine, this.halves, this.facts, options);
    });
  }

  /**
   * One half as a complete ONNX model, weights inside, for one input size.
   *
   * @throws NOT_FINITE when its weights hold NaN or infinite values, unless `checkFinite` is false.
   */
  exportOnnx(half: Half, size: InputSize, options: ExportOptions = {}): Promise<Uint8Array> {
    return this.#lifetime.during(async () => {
      checkExportOptions("exportOnnx", options);
      const { exportedGraph } = await import("./export-onnx.ts");
      return exportedGraph(this.graph(half, size), `${this.name}: the ${half}`, options);
    });
  }

  /**
   * Reads every parameter and buffer into memory, by diffusers' names, in the dtype that it is stored in.
   *
   * @throws IO when the file cannot be read; DISPOSED.
   */
  stateDict(): Promise<Map<string, Tensor>> {
    return this.#lifetime.during(() => readWeights(this.weights));
  }

  /**
   * The model's files as diffusers lays them out in a folder, by their names: config.json and diffusion_pytorch_model.safetensors,
   * which `openVae` and diffusers' from_pretrained read. What `savePretrained` writes in Node.
   *
   * @throws IO when the weights cannot be read; DISPOSED; UNSUPPORTED for two halves with configs of their own.
   */
  async savedFiles(): Promise<Map<string, Blob>> {
    const { savedContents } = await import("./saved-files.ts");
    const contents = await savedContents(this);
    return new Map(
      [...contents].map(([name, parts]) => [name, new Blob(parts as Uint8Array<ArrayBuffer>[])]),
    );
  }

  /**
   * Frees the sessions and their thread. Calls under way end with DISPOSED, and so does every later one that computes,
   * plans, or reads weights. What the model knows by itself stays: its config, `graph`, `parameterTable`, and the
   * scaling of latents. Disposing twice does no harm.
   */
  dispose(): Promise<void> {
    return this.#lifetime.end(() => this.#engine.dispose());
  }

  /** {@link dispose}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /**
   * What `encode` or `decode` would do with one input size, and what it would need of the machine.
   *
   * @param size of the input: pixels for the encoder, latents for the decoder.
   * @throws INVALID_ARGUMENT for a budget that is too small; UNSUPPORTED for the half that is not there; DISPOSED.
   */
  plan(half: Half, size: InputSize, options: CodingOptions = {}): Promise<CodingPlan> {
    return this.#lifetime.during(async () => {
      checkHalf("plan", half);
      checkSize("plan", size);
      checkCodingOptions("plan", options);
      this.configOf(half, "plan");
      return this.#engine.plan(half, size, options);
    });
  }
}
