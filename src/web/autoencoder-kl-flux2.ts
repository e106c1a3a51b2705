/** AutoencoderKLFlux2 in the browser: weights by fetch, ONNX Runtime Web. */
import { autoencoderKLFlux2, type AutoencoderKLFlux2Config } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { AutoencoderKLFlux2Model } from "../vae/autoencoder-kl-flux2.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import type { VaeParts } from "../vae/vae.ts";
import { fromPretrained } from "./open-class.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** FLUX.2's autoencoder, with its own decoder or the small one. */
export class AutoencoderKLFlux2 extends AutoencoderKLFlux2Model {
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
  ): Promise<AutoencoderKLFlux2> {
    return AutoencoderKLFlux2.of(await fromPretrained(autoencoderKLFlux2, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLFlux2 {
    return new AutoencoderKLFlux2(parts as VaeParts<AutoencoderKLFlux2Config, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}
