/** The classes of models that have a class of their own in Node, with its ways of opening; all others are as good without. */
import {
  autoencoderDC,
  autoencoderKL,
  autoencoderKLFlux2,
  autoencoderKLHunyuanImage,
  autoencoderKLQwenImage,
  autoencoderKLQwenImage21,
  autoencoderKLWan,
  autoencoderTiny,
  mlpVae,
  vqModel,
  type VaeModel,
} from "../models/index.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import { AutoencoderDC } from "./autoencoder-dc.ts";
import { AutoencoderKL } from "./autoencoder-kl.ts";
import { AutoencoderKLFlux2 } from "./autoencoder-kl-flux2.ts";
import { AutoencoderKLHunyuanImage } from "./autoencoder-kl-hunyuan-image.ts";
import { AutoencoderKLQwenImage, AutoencoderKLQwenImage21, AutoencoderKLWan } from "./autoencoder-kl-wan.ts";
import { AutoencoderTiny } from "./autoencoder-tiny.ts";
import { MlpVae } from "./mlp-vae.ts";
import { savePretrained } from "./save-pretrained.ts";
import { VQModel } from "./vq-model.ts";

/** A model that was opened in Node. */
export interface NodeVae extends Vae {
  /** Writes config.json and the weights in diffusers' format. @throws IO, also when it is read from there */
  savePretrained(folder: string): Promise<void>;
}

/** A model of a class that has no class of its own here. */
class OpenedVae extends Vae implements NodeVae {
  static of(parts: VaeParts): OpenedVae {
    return new OpenedVae(parts);
  }

  savePretrained(folder: string): Promise<void> {
    return savePretrained(this, folder);
  }
}

const classes: ReadonlyMap<VaeModel, (parts: VaeParts) => NodeVae> = new Map<
  VaeModel,
  (parts: VaeParts) => NodeVae
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
  [mlpVae, (parts) => MlpVae.of(parts)],
]);

/** A model of its class, or of none where the class has none here. */
export function vaeOf(parts: VaeParts): NodeVae {
  return classes.get(parts.model)?.(parts) ?? OpenedVae.of(parts);
}
