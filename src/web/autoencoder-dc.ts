/** AutoencoderDC in the browser: weights by fetch, ONNX Runtime Web. */
import type { EncoderOutput } from "../latents/encoder-output.ts";
import type { AutoencoderDCConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CodingOptions } from "../vae/options.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import type { ModelSource } from "./model-source.ts";
import { fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { WebPicture } from "./pictures.ts";

/** Sana's deep compression autoencoder (DC-AE). */
export class AutoencoderDC extends Vae<AutoencoderDCConfig, EncoderOutput> {
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
  ): Promise<AutoencoderDC> {
    return fromPretrained({ className: "AutoencoderDC", vaeClass: AutoencoderDC }, source, options, ort);
  }

  /**
   * Opens a single .safetensors file with diffusers' names or those of the original repository.
   *
   * @throws INVALID_CONFIG when the file is none of Sana's, so that nothing says its scaling_factor, or when `config`
   *   contradicts the shapes; and as {@link fromPretrained}
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderDC> {
    return fromSingleFile({ className: "AutoencoderDC", vaeClass: AutoencoderDC }, source, options, ort);
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
