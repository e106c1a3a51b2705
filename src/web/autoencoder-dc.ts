/** AutoencoderDC in the browser: weights by fetch, ONNX Runtime Web. */
import { autoencoderDC, type AutoencoderDCConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CodingOptions } from "../vae/options.ts";
import type { VaeParts } from "../vae/vae.ts";
import { AutoencoderDCModel } from "../vae/autoencoder-dc.ts";
import { fromPretrained } from "./open-class.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { WebPicture } from "./pictures.ts";

/** Sana's deep compression autoencoder (DC-AE). */
export class AutoencoderDC extends AutoencoderDCModel {
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
  ): Promise<AutoencoderDC> {
    return AutoencoderDC.of(await fromPretrained(autoencoderDC, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderDC {
    return new AutoencoderDC(parts as VaeParts<AutoencoderDCConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(latents: Tensor, options: CodingOptions = {}): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, options));
  }
}
