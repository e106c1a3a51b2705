/** Names of files in a model's folder. */

/** The scale of p(x|z), beside the weights. */
export const likelihoodFileName = "likelihood.safetensors";
