/**
 * How large a model a config may describe. The limits are several times what any published autoencoder needs; beyond
 * them a config is damaged or hostile, and would exhaust the machine before its weights are compared with it.
 */
export const configLimits = {
  /** Channels of pictures: in_channels, out_channels. */
  pictureChannels: 256,
  /** latent_channels, and so the numbers in latents_mean and latents_std. */
  latentChannels: 4096,
  /** Rows of a codebook: num_vq_embeddings. */
  codebookRows: 2 ** 22,
  /** Each of block_out_channels, and norm_num_groups. */
  blockChannels: 8192,
  /** Levels: a spatial factor of 512. */
  levels: 10,
  layersPerBlock: 32,
  /** sample_size, in pixels. */
  sampleSize: 65_536,
  /** Numbers in freshly drawn weights: 2 GiB of float32. */
  freshParameters: 2 ** 29,
} as const;
