/** The classes of models that have a class of their own in the browser, each loaded when a model of it is opened; all others are as good without. */
import type { Tensor } from "../tensor/tensor.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

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

interface WebClass {
  of(parts: VaeParts): WebVae;
}

const classes: Readonly<Partial<Record<string, () => Promise<WebClass>>>> = {
  AutoencoderDC: async () => (await import("./autoencoder-dc.ts")).AutoencoderDC,
  AutoencoderKL: async () => (await import("./autoencoder-kl.ts")).AutoencoderKL,
  AutoencoderKLFlux2: async () => (await import("./autoencoder-kl-flux2.ts")).AutoencoderKLFlux2,
  AutoencoderKLHunyuanImage: async () =>
    (await import("./autoencoder-kl-hunyuan-image.ts")).AutoencoderKLHunyuanImage,
  AutoencoderKLQwenImage: async () => (await import("./autoencoder-kl-wan.ts")).AutoencoderKLQwenImage,
  AutoencoderKLQwenImage21: async () => (await import("./autoencoder-kl-wan.ts")).AutoencoderKLQwenImage21,
  AutoencoderKLWan: async () => (await import("./autoencoder-kl-wan.ts")).AutoencoderKLWan,
  AutoencoderTiny: async () => (await import("./autoencoder-tiny.ts")).AutoencoderTiny,
  VQModel: async () => (await import("./vq-model.ts")).VQModel,
};

const loaderOf = (className: string): (() => Promise<WebClass>) | undefined =>
  Object.hasOwn(classes, className) ? classes[className] : undefined;

/** Begins to load the class's code. What goes wrong is said by {@link vaeOf}. */
export function loadClass(className: string): void {
  loaderOf(className)?.().catch(() => undefined);
}

/** A model of its class, or of none where the class has none here. */
export async function vaeOf(parts: VaeParts): Promise<WebVae> {
  const vaeClass = (await loaderOf(parts.model.className)?.()) ?? OpenedVae;
  return vaeClass.of(parts);
}
