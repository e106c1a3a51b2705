/**
 * The names of AutoencoderTiny's tensors in the original files (madebyollin/taesd): numbered layers, in which the
 * decoder begins with the limit of its latents, so that its numbers are one above diffusers'. A file holds one half
 * (`taesd_decoder.safetensors`) under bare numbers, or both under prefixes (`taesd_encoder.`, `encoder.`).
 */
import type { ModelNames } from "../names.ts";
import type { Half } from "../parameters.ts";

/** `0.weight`, `taesd_encoder.3.conv.0.weight`, `decoder.11.pool.1.bias` */
const originalName =
  /^(?:(?:tae\w*_)?(encoder|decoder)\.)?(\d+)\.((?:(?:conv|pool)\.\d+\.)?(?:weight|bias))$/;

export const autoencoderTinyNames: ModelNames = {
  updated: (name) => name,
  ofFile: (names) => {
    // Only the encoder has a layer 0 with weights.
    const bare: Half = names.includes("0.weight") ? "encoder" : "decoder";
    return (name) => {
      const [, half = bare, layer, rest] = originalName.exec(name) ?? [];
      if (layer === undefined) return name;
      return `${half}.layers.${Number(layer) - (half === "decoder" ? 1 : 0)}.${rest}`;
    };
  },
};
