/** AutoencoderKLHunyuanImage in the browser: weights by fetch, ONNX Runtime Web. */
import { autoencoderKLHunyuanImage, type AutoencoderKLHunyuanImageConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CodingOptions } from "../vae/options.ts";
import type { VaeParts } from "../vae/vae.ts";
import { AutoencoderKLHunyuanImageModel } from "../vae/autoencoder-kl-hunyuan-image.ts";
import { fromPretrained } from "./open-class.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { WebPicture } from "./pictures.ts";

/** HunyuanImage 2.1's autoencoder. */
export class AutoencoderKLHunyuanImage extends AutoencoderKLHunyuanImageModel {
  /**
   * Opens a model in diffusers' format from the URL of its folder, whose query, if it has one, goes with every file.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws INVALID_ARGUMENT, NOT_FOUND, IO, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    url: string | URL,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLHunyuanImage> {
    return AutoencoderKLHunyuanImage.of(await fromPretrained(autoencoderKLHunyuanImage, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLHunyuanImage {
    return new AutoencoderKLHunyuanImage(parts as VaeParts<AutoencoderKLHunyuanImageConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(latents: Tensor, options: CodingOptions = {}): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, options));
  }
}
