/** The weights that a recipe names and does not hold. Whoever opens a recipe reads them: from files, or wherever they are. */
import { VaekitError } from "../errors.ts";
import type { AutoencoderKLConfig, AutoencoderTinyConfig, VQModelConfig } from "../models/index.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A model in memory. */
export interface ModelInMemory<Config = AutoencoderKLConfig> {
  readonly config: Config;
  /** Every parameter, by its name in diffusers. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

export interface RecipeWeights {
  /** `model.pretrained`: what training starts from. */
  readonly pretrained?: ModelInMemory | undefined;
  /** `model.pretrained` of a vq_model. */
  readonly pretrainedVQModel?: ModelInMemory<VQModelConfig> | undefined;
  /** `model.pretrained` of an autoencoder_tiny. */
  readonly pretrainedTiny?: ModelInMemory<AutoencoderTinyConfig> | undefined;
  /** `loss.distillation.teacher` */
  readonly teacher?: ModelInMemory | undefined;
  /** `loss.perceptual.weights`: LPIPS', by name. */
  readonly perceptual?: ReadonlyMap<string, FoundTensor> | undefined;
}

/**
 * @param key the recipe's key that names them.
 * @throws UNSUPPORTED when they are not there.
 */
export function neededWeights<K extends keyof RecipeWeights>(
  weights: RecipeWeights,
  name: K,
  key: string,
): NonNullable<RecipeWeights[K]> {
  const found = weights[name];
  if (found !== undefined) return found;
  throw new VaekitError(
    "UNSUPPORTED",
    `${key}: a Trainer reads no files. Leave it out, or run the recipe with train, in Node.`,
  );
}
