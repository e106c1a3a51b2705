/** The autoencoders of Wan and Qwen-Image in the browser: weights by fetch, ONNX Runtime Web. */
import {
  autoencoderKLQwenImage,
  autoencoderKLQwenImage21,
  autoencoderKLWan,
  type AutoencoderKLQwenImageConfig,
  type AutoencoderKLQwenImage21Config,
  type AutoencoderKLWanConfig,
} from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  AutoencoderKLQwenImageModel,
  AutoencoderKLQwenImage21Model,
  AutoencoderKLWanModel,
} from "../vae/autoencoder-kl-wan.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import type { VaeParts } from "../vae/vae.ts";
import { fromPretrained } from "./open-class.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** Qwen-Image's autoencoder, whose network is Wan 2.1's. */
export class AutoencoderKLQwenImage extends AutoencoderKLQwenImageModel {
  /**
   * Opens a model in diffusers' format from the URL of its folder (for the hub:
   * "https://huggingface.co/org/name/resolve/main/vae"), whose query, if it has one, goes with every file.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws INVALID_ARGUMENT, NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    url: string | URL,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLQwenImage> {
    return AutoencoderKLQwenImage.of(await fromPretrained(autoencoderKLQwenImage, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLQwenImage {
    return new AutoencoderKLQwenImage(parts as VaeParts<AutoencoderKLQwenImageConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}

/** Qwen-Image-2.1's autoencoder of pictures with alpha. */
export class AutoencoderKLQwenImage21 extends AutoencoderKLQwenImage21Model {
  /**
   * Opens a model in diffusers' format from the URL of its folder (for the hub:
   * "https://huggingface.co/org/name/resolve/main/vae"), whose query, if it has one, goes with every file.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws INVALID_ARGUMENT, NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    url: string | URL,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLQwenImage21> {
    return AutoencoderKLQwenImage21.of(await fromPretrained(autoencoderKLQwenImage21, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLQwenImage21 {
    return new AutoencoderKLQwenImage21(parts as VaeParts<AutoencoderKLQwenImage21Config, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}

/** The autoencoder of Wan 2.1 and 2.2, for single frames. */
export class AutoencoderKLWan extends AutoencoderKLWanModel {
  /**
   * Opens a model in diffusers' format from the URL of its folder (for the hub:
   * "https://huggingface.co/org/name/resolve/main/vae"), whose query, if it has one, goes with every file.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws INVALID_ARGUMENT, NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    url: string | URL,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLWan> {
    return AutoencoderKLWan.of(await fromPretrained(autoencoderKLWan, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLWan {
    return new AutoencoderKLWan(parts as VaeParts<AutoencoderKLWanConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}
