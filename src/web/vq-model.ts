/** VQModel in the browser: weights by fetch, ONNX Runtime Web. */
import { vqModel, type VQModelConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import type { VaeParts } from "../vae/vae.ts";
import { VQVae } from "../vae/vq-model.ts";
import { fromPretrained } from "./open-class.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** The autoencoder with a codebook: VQGAN, MoVQ (Kandinsky), aMUSEd. */
export class VQModel extends VQVae {
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
  ): Promise<VQModel> {
    return VQModel.of(await fromPretrained(vqModel, url, options, ort));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): VQModel {
    return new VQModel(parts as VaeParts<VQModelConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}
