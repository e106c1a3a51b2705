/** VQModel in the browser: weights by fetch, ONNX Runtime Web. */
import type { VQModelConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import type { VaeParts } from "../vae/vae.ts";
import { VQVae } from "../vae/vq-model.ts";
import type { ModelSource } from "./model-source.ts";
import { fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** The autoencoder with a codebook: VQGAN, MoVQ (Kandinsky), aMUSEd. */
export class VQModel extends VQVae {
  /**
   * Opens a model in diffusers' format: a hub id ("org/name"), the URL of a folder, whose query goes with every file, or the
   * files of one that a user chose.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws INVALID_ARGUMENT, NOT_FOUND, IO, HUB, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static fromPretrained(
    source: ModelSource,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<VQModel> {
    return fromPretrained({ className: "VQModel", vaeClass: VQModel }, source, options, ort);
  }

  /**
   * Opens a single .safetensors file, which diffusers cannot: diffusers' names or those of VQGAN's and MoVQ's original
   * repositories. Its config is what the tensors' shapes say, then the given `config`, then diffusers' defaults.
   *
   * @throws INVALID_CONFIG when `config` contradicts the shapes, and as {@link fromPretrained}
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<VQModel> {
    return fromSingleFile({ className: "VQModel", vaeClass: VQModel }, source, options, ort);
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
