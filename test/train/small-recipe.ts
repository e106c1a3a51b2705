/** The smallest network that is worth training: as a recipe's config, as a recipe, and with weights in memory. */
import { completeConfig, initializeParameters, type AutoencoderKLConfig } from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import { parseRecipe, type Recipe } from "../../src/recipe/index.ts";
import type { ModelInMemory } from "../../src/train/recipe-weights.ts";

export type Section = Readonly<Record<string, unknown>>;

/** Two pixels to a latent of two channels, 4 channels inside. A run takes a second, most of it for its graphs. */
export const smallConfig = {
  block_out_channels: [4, 4],
  latent_channels: 2,
  layers_per_block: 1,
  norm_num_groups: 2,
  mid_block_add_attention: false,
};

/** The same with one level, whose graphs are half as long: for what asks nothing of the network. */
export const flatConfig = { ...smallConfig, block_out_channels: [4] };

/** A run of ten steps on pictures of 8 x 8 pixels, but for these sections. */
export const smallRecipe = (sections: Section = {}): Recipe =>
  parseRecipe({
    model: { config: smallConfig },
    data: { path: "pictures", resolution: 8 },
    steps: 10,
    ...sections,
  });

/** The network of {@link smallConfig} with weights, but for these changes. */
export const smallModel = (changes: Partial<AutoencoderKLConfig> = {}): ModelInMemory => {
  const complete = completeConfig({
    blockOutChannels: [4, 4],
    downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    latentChannels: 2,
    layersPerBlock: 1,
    normNumGroups: 2,
    midBlockAddAttention: false,
    ...changes,
  });
  return { config: complete, tensors: initializeParameters(complete, Generator.torch(0)) };
};
