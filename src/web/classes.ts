/** The classes of models that have a class of their own in the browser; all others are as good without. */
import {
  autoencoderDC,
  autoencoderKL,
  autoencoderKLFlux2,
  autoencoderKLHunyuanImage,
  autoencoderKLQwenImage,
  autoencoderKLQwenImage21,
  autoencoderKLWan,
  autoencoderTiny,
  vqModel,
  type VaeModel,
} from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import { AutoencoderDC } from "./autoencoder-dc.ts";
import { AutoencoderKL } from "./autoencoder-kl.ts";
import { AutoencoderKLFlux2 } from "./autoencoder-kl-flux2.ts";
import { AutoencoderKLHunyuanImage } from "./autoencoder-kl-hunyuan-image.ts";
import { AutoencoderKLQwenImage, AutoencoderKLQwenImage21, AutoencoderKLWan } from "./autoencoder-kl-wan.ts";
import { AutoencoderTiny } from "./autoencoder-tiny.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";
import { VQModel } from "./vq-model.ts";

/** A model that was opened in the browser. */
export interface WebVae extends Vae {
  /** As every model's, for a canvas too. */
  decodeImage(latents: Tensor, options?: DecodingOptions<WebPicture>): Promise<WebPicture>;
}

/** A model of a class that has no class of its own here. */
class OpenedVae extends Vae implements WebVae {
  static of(parts: VaeParts): OpenedVae {
    return new OpenedVae(parts);
  }

  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}

const classes: ReadonlyMap<VaeModel, (parts: VaeParts) => WebVae> = new Map<
  VaeModel,
  (parts: VaeParts) => WebVae
>([
  [autoencoderDC, (parts) => AutoencoderDC.of(parts)],
  [autoencoderKL, (parts) => AutoencoderKL.of(parts)],
  [autoencoderKLFlux2, (parts) => AutoencoderKLFlux2.of(parts)],
  [autoencoderKLHunyuanImage, (parts) => AutoencoderKLHunyuanImage.of(parts)],
  [autoencoderKLQwenImage, (parts) => AutoencoderKLQwenImage.of(parts)],
  [autoencoderKLQwenImage21, (parts) => AutoencoderKLQwenImage21.of(parts)],
  [autoencoderKLWan, (parts) => AutoencoderKLWan.of(parts)],
  [autoencoderTiny, (parts) => AutoencoderTiny.of(parts)],
  [vqModel, (parts) => VQModel.of(parts)],
]);

/** A model of its class, or of none where the class has none here. */
export function vaeOf(parts: VaeParts): WebVae {
  return classes.get(parts.model)?.(parts) ?? OpenedVae.of(parts);
}
