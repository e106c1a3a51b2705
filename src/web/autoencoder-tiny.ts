/** AutoencoderTiny in the browser: weights by fetch, ONNX Runtime Web. */
import { autoencoderTiny, type AutoencoderTinyConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { AutoencoderTinyModel } from "../vae/autoencoder-tiny.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import type { VaeParts } from "../vae/vae.ts";
import { fromPretrained } from "./open-class.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** A tiny autoencoder: TAESD and its family. */
export class AutoencoderTiny extends AutoencoderTinyModel {
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
  ): Promise<AutoencoderTiny> {
    return AutoencoderTiny.of(await fromPretrained(autoencoderTiny, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderTiny {
    return new AutoencoderTiny(parts as VaeParts<AutoencoderTinyConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}
