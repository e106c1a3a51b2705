/** AutoencoderKLFlux2 in the browser: weights by fetch, ONNX Runtime Web. */
import type { AutoencoderKLFlux2Config } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { AutoencoderKLFlux2Model } from "../vae/autoencoder-kl-flux2.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import type { VaeParts } from "../vae/vae.ts";
import type { ModelSource } from "./model-source.ts";
import { fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** FLUX.2's autoencoder, with its own decoder or the small one. */
export class AutoencoderKLFlux2 extends AutoencoderKLFlux2Model {
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
  ): Promise<AutoencoderKLFlux2> {
    return fromPretrained(
      { className: "AutoencoderKLFlux2", vaeClass: AutoencoderKLFlux2 },
      source,
      options,
      ort,
    );
  }

  /**
   * Opens a single .safetensors file of both halves: original (BFL) or diffusers' names, alone or inside a whole
   * checkpoint. openVae opens a half alone, and two of them as one model.
   *
   * @throws INVALID_CONFIG when `config` contradicts the shapes, and for a family; WEIGHTS_MISMATCH
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLFlux2> {
    return fromSingleFile(
      { className: "AutoencoderKLFlux2", vaeClass: AutoencoderKLFlux2 },
      source,
      options,
      ort,
    );
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
