/** Which of a model folder's files hold its weights: diffusers' names, and diffusers' order among them. */

const stem = "diffusion_pytorch_model";

/** A folder's weights: one file, or the index of its shards. */
export interface WeightFiles {
  readonly whole?: string;
  readonly index?: string;
}

/** What the weights of a variant ("fp16") are called, or those of none. */
export function weightFileNames(variant: string | undefined): {
  readonly whole: string;
  /** The index's names, newer spelling first: diffusers wrote `….fp16.index.json` until 2024. */
  readonly indices: readonly string[];
  /** The name of pickled weights. */
  readonly pickle: string;
} {
  const infix = variant === undefined ? "" : `.${variant}`;
  const indices = [`${stem}.safetensors.index${infix}.json`, `${stem}.safetensors${infix}.index.json`];
  return {
    whole: `${stem}${infix}.safetensors`,
    indices: [...new Set(indices)],
    pickle: `${stem}${infix}.bin`,
  };
}

/**
 * Chooses as diffusers does: shards before the whole file, where both are there.
 *
 * @param names the folder's files.
 * @returns the one to read, and the other one when both are there; nothing when there are no such weights.
 */
export function chooseWeightFiles(
  names: { has(name: string): boolean },
  variant: string | undefined,
): { readonly chosen?: WeightFiles; readonly unused?: string } {
  const { whole, indices } = weightFileNames(variant);
  const index = indices.find((name) => names.has(name));
  if (index !== undefined) return { chosen: { index }, ...(names.has(whole) ? { unused: whole } : {}) };
  return names.has(whole) ? { chosen: { whole } } : {};
}

/** What to tell when a folder has its weights twice. */
export function bothWarning(folder: string, index: string, unused: string): string {
  return `${folder}: holds weights twice, ${unused} and the shards of ${index}; the shards are read, as in diffusers. Delete what is out of date.`;
}
