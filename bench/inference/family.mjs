/** The published image models of other classes than AutoencoderKL, by their configs; their weights are random here. */

/** @param {string} name @param {number} count */
const times = (name, count) => Array.from({ length: count }, () => name);

/** @type {Readonly<Record<string, number | string | boolean | readonly (string | number)[]>>} */
const blocks = {
  in_channels: 3,
  out_channels: 3,
  block_out_channels: [128, 256, 512, 512],
  down_block_types: times("DownEncoderBlock2D", 4),
  up_block_types: times("UpDecoderBlock2D", 4),
  layers_per_block: 2,
  norm_num_groups: 32,
};

const tinyBlocks = {
  encoder_block_out_channels: [64, 64, 64, 64],
  decoder_block_out_channels: [64, 64, 64, 64],
  num_encoder_blocks: [1, 3, 3, 3],
  num_decoder_blocks: [3, 3, 3, 1],
};

/** What random weights have instead of statistics. @param {number} count */
const unscaled = (count) => ({
  latents_mean: Array.from({ length: count }, () => 0),
  latents_std: Array.from({ length: count }, () => 1),
});

const video = { dim_mult: [1, 2, 4, 4], num_res_blocks: 2, temperal_downsample: [false, true, true] };

const efficientViT = [...times("ResBlock", 3), ...times("EfficientViTBlock", 3)];
const multiscales = [[], [], [], [5], [5], [5]];
const widths = [128, 256, 512, 512, 1024, 1024];

/** By name: the content of config.json. @type {Readonly<Record<string, object>>} */
export const family = {
  "flux.1": {
    _class_name: "AutoencoderKL",
    ...blocks,
    latent_channels: 16,
    sample_size: 1024,
    scaling_factor: 0.3611,
    shift_factor: 0.1159,
    use_quant_conv: false,
    use_post_quant_conv: false,
  },
  "flux.2": { _class_name: "AutoencoderKLFlux2", ...blocks, latent_channels: 32, sample_size: 1024 },
  "flux.2-small-decoder": {
    _class_name: "AutoencoderKLFlux2",
    ...blocks,
    decoder_block_out_channels: [96, 192, 384, 384],
    latent_channels: 32,
    sample_size: 1024,
  },
  tiny: { _class_name: "AutoencoderTiny", ...tinyBlocks, latent_channels: 16 },
  "qwen-image": {
    _class_name: "AutoencoderKLQwenImage",
    ...video,
    base_dim: 96,
    z_dim: 16,
    attn_scales: [],
    ...unscaled(16),
  },
  wan: {
    _class_name: "AutoencoderKLWan",
    ...video,
    base_dim: 96,
    z_dim: 16,
    attn_scales: [],
    ...unscaled(16),
  },
  vq: {
    _class_name: "VQModel",
    ...blocks,
    block_out_channels: [128, 256, 256, 512],
    down_block_types: [...times("DownEncoderBlock2D", 3), "AttnDownEncoderBlock2D"],
    up_block_types: ["AttnUpDecoderBlock2D", ...times("UpDecoderBlock2D", 3)],
    latent_channels: 4,
    num_vq_embeddings: 16384,
    norm_type: "spatial",
  },
  dc: {
    _class_name: "AutoencoderDC",
    in_channels: 3,
    latent_channels: 32,
    attention_head_dim: 32,
    encoder_block_types: efficientViT,
    decoder_block_types: efficientViT,
    encoder_block_out_channels: widths,
    decoder_block_out_channels: widths,
    encoder_layers_per_block: [2, 2, 2, 3, 3, 3],
    decoder_layers_per_block: [3, 3, 3, 3, 3, 3],
    encoder_qkv_multiscales: multiscales,
    decoder_qkv_multiscales: multiscales,
    downsample_block_type: "conv",
    upsample_block_type: "interpolate",
    scaling_factor: 0.41407,
  },
};
