/** The built-in model's companion for previews. */
import type { BuiltInModel } from "./built-in-model.ts";

/** assets/default-preview */
export const defaultPreview: BuiltInModel = {
  name: "the built-in preview model",
  folder: "default-preview",
  weightsUrl: () =>
    new URL("../../assets/default-preview/diffusion_pytorch_model.safetensors", import.meta.url),
  config: {
    _class_name: "AutoencoderTiny",
    _diffusers_version: "0.40.0",
    act_fn: "relu",
    block_out_channels: [24, 24, 24, 24],
    decoder_block_out_channels: [24, 24, 24, 24],
    encoder_block_out_channels: [16, 16, 16, 16],
    force_upcast: false,
    in_channels: 3,
    latent_channels: 16,
    latent_magnitude: 3,
    latent_shift: 0.5,
    num_decoder_blocks: [3, 2, 1, 0],
    num_encoder_blocks: [0, 1, 1, 1],
    out_channels: 3,
    scaling_factor: 1,
    shift_factor: 0,
    upsample_fn: "nearest",
    upsampling_scaling_factor: 2,
  },
};
