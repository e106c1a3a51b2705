/** The names of VQModel's tensors, and those in the original single files of VQGAN and MoVQ. */
import { blockNames } from "../block-names.ts";
import { applyNameRules, type ModelNames } from "../names.ts";

/** The codebook's name in checkpoints: [numVqEmbeddings, E]. */
export const codebookName = "quantize.embedding.weight";

/** Where attention's normalisation depends on the latents, it is called after that, and so are its parts. */
const spatialRules = [
  {
    pattern: /(\.attentions\.\d+)\.group_norm\.(norm_layer|conv_y|conv_b)\./,
    replacement: "$1.spatial_norm.$2.",
  },
];

export const vqModelNames: ModelNames = {
  ...blockNames,
  ofFile: (names) => {
    const ofBlocks = blockNames.ofFile(names);
    return (name) => applyNameRules(ofBlocks(name), spatialRules);
  },
};
