/** VQModel, ready to use, with diffusers' results. How it is opened depends on the platform: see node/ and web/. */
import { VaekitError } from "../errors.ts";
import { DecoderOutput } from "../latents/outputs.ts";
import { placesOf, quantize, rowsOf, type Quantized } from "../latents/vector-quantizer.ts";
import type { VQEncoderOutput } from "../latents/vq-encoder-output.ts";
import { codebookName, type VQModelConfig } from "../models/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, type OptionKinds } from "../util/check-options.ts";
import { readTensor } from "../weights/index.ts";
import { checkLatents } from "./check-input.ts";
import { knownLatents } from "./latents-watch.ts";
import { codingKinds, type CodingOptions } from "./options.ts";
import { Vae } from "./vae.ts";

/** The options of a VQModel's `decode`, in diffusers' words. */
export interface VQDecodingOptions extends CodingOptions {
  /**
   * Decodes latents as they are; of a model with `lookupFromCodebook`, the rows whose numbers they are. @default false
   */
  readonly forceNotQuantize?: boolean;
  /** Of rows' numbers that are not [N, h, w]: [N, h, w, E]. */
  readonly shape?: readonly number[];
}

const vqKinds: OptionKinds<VQDecodingOptions> = {
  ...codingKinds,
  forceNotQuantize: optionKinds.boolean,
  shape: optionKinds.object,
};

/** The autoencoder with a codebook, with the numbers of diffusers' class of that name. */
export class VQVae extends Vae<VQModelConfig, VQEncoderOutput> {
  #codebook: Promise<Tensor<"float32">> | undefined;

  /**
   * The nearest row of the codebook for each latent.
   *
   * @param latents float [N, E, h, w], as `encode` gives them.
   * @throws INVALID_ARGUMENT on another shape; UNSUPPORTED for an encoder alone.
   */
  async quantize(latents: Tensor): Promise<Quantized> {
    this.configOf("decoder", "quantize");
    const checked = checkLatents(latents, this.facts, "quantize");
    return quantize(checked, await this.#rows());
  }

  /**
   * Latents → their nearest rows of the codebook → pixels; `commitLoss` says how far the rows were.
   *
   * @param latents float [N, E, h, w], as `encode` gives them; rows' numbers, int64, with `forceNotQuantize` and a model
   *   whose config has `lookupFromCodebook`.
   * @returns pixels [N, C, h · factor, w · factor], not clamped; `commitLoss` [], and where nothing was quantised zeros [N].
   * @throws INVALID_ARGUMENT for numbers that are no row's, and as every model's decode.
   */
  override async decode(latents: Tensor, options: VQDecodingOptions = {}): Promise<DecoderOutput> {
    checkOptions("decode", options, vqKinds);
    this.configOf("decoder", "decode");
    const { forceNotQuantize = false, shape, ...coding } = options;
    const { z, commitLoss } = await this.#latentsFor(latents, forceNotQuantize, shape);
    const { sample } = await super.decode(z, coding);
    return new DecoderOutput({ sample, commitLoss });
  }

  /** Kandinsky's pipelines decode what the diffusion model made as it is; those of Latent Diffusion quantise it. */
  override decodeLatents(latents: Tensor, options: CodingOptions = {}): Promise<DecoderOutput> {
    return this.decode(latents, { ...options, forceNotQuantize: this.config.normType === "spatial" });
  }

  async #latentsFor(
    latents: Tensor,
    forceNotQuantize: boolean,
    shape: readonly number[] | undefined,
  ): Promise<{ z: Tensor<"float32">; commitLoss: Tensor }> {
    if (forceNotQuantize && this.config.lookupFromCodebook) {
      const indices = checkIndices(latents);
      const codebook = await this.#rows();
      const places = placesOf(indices, codebook.shape[1]!, shape);
      return {
        z: knownLatents(rowsOf(indices, codebook, places)),
        commitLoss: Tensor.zeros([indices.shape[0]!], "int64"),
      };
    }
    if (shape !== undefined) {
      const message = `decode: shape is for rows' numbers, which a model with lookup_from_codebook takes with forceNotQuantize: true. Leave it out.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    const z = checkLatents(latents, this.facts);
    if (forceNotQuantize) return { z, commitLoss: Tensor.zeros([z.shape[0]!]) };
    const { quantized, commitLoss } = quantize(z, await this.#rows());
    return { z: knownLatents(quantized), commitLoss };
  }

  /** Read once, when it is needed first. */
  #rows(): Promise<Tensor<"float32">> {
    const read = async (): Promise<Tensor<"float32">> =>
      (await readTensor(this.weights.parameters.get(codebookName)!)).toFloat32();
    return (this.#codebook ??= read().catch((error: unknown) => {
      this.#codebook = undefined;
      throw error;
    }));
  }
}

function checkIndices(latents: Tensor): Tensor<"int64"> {
  checkTensor(latents, "decode: indices");
  if (latents.dtype === "int64") return latents as Tensor<"int64">;
  const message = `decode: expected numbers of the codebook's rows, int64, for forceNotQuantize of a model with lookup_from_codebook, found ${latents.dtype}. Leave forceNotQuantize out to decode latents.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
