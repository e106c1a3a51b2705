/** The built-in model. */
import type { BuiltInModel } from "./built-in-model.ts";

/** assets/default-vae */
export const defaultModel: BuiltInModel = {
  name: "the built-in model",
  folder: "default-vae",
  weightsUrl: () => new URL("../../assets/default-vae/diffusion_pytorch_model.safetensors", import.meta.url),
  config: {
    _class_name: "AutoencoderKL",
    _diffusers_version: "0.40.0",
    act_fn: "silu",
    block_out_channels: [16, 32, 64, 96],
    down_block_types: [
      "DownEncoderBlock2D",
      "DownEncoderBlock2D",
      "DownEncoderBlock2D",
      "DownEncoderBlock2D",
    ],
    force_upcast: true,
    in_channels: 3,
    latent_channels: 16,
    latents_mean: null,
    latents_std: null,
    layers_per_block: 1,
    mid_block_add_attention: false,
    norm_num_groups: 8,
    out_channels: 3,
    sample_size: 512,
    scaling_factor: 0.91576,
    shift_factor: -0.06343,
    up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
    use_post_quant_conv: false,
    use_quant_conv: false,
  },
};
