/** What a run asks of its model, whatever it is. */
import { join } from "node:path";
import type { FindParameter } from "../models/index.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { logvarName, type ParameterLayout, type VaeNetwork } from "../train/index.ts";
import { makeFolder, writeFileAtomic } from "../files/node/index.ts";
import { writeSafetensorsFile } from "../weights/node/index.ts";

/** What calibration found, for the config: the whole set of keys that say how latents are scaled. */
export interface LatentFactors {
  readonly scalingFactor: number;
  readonly shiftFactor: number;
  readonly latentsMean: null;
  readonly latentsStd: null;
}

/**
 * What becomes of the scaling when training ends. `replace`: measured and written. `compare`: the config's is kept, and
 * what was measured is told, because the encoder that it was made for has changed. `keep`: nothing to measure.
 */
export type Calibration = "replace" | "compare" | "keep";

export interface TrainedLatents {
  readonly channels: number;
  readonly calibration: Calibration;
  /** How the config scales them now, in words. */
  readonly scaling: string;
}

export interface TrainingModel {
  readonly network: VaeNetwork;
  /** Pixels of one latent. */
  readonly factor: number;
  /** The trained parameters. */
  readonly layout: ParameterLayout;
  /** All others. */
  readonly frozen: FindParameter;
  /** What a checkpoint must have been trained for. */
  readonly architecture: Record<string, unknown>;
  /** Undefined where latents are for no diffusion model. */
  readonly latents: TrainedLatents | undefined;
  /** The trained parameters before the first step. @param pictures gives some to start from. */
  initialParameters(
    generator: BaseGenerator,
    pictures: () => Promise<Tensor<"float32">>,
  ): Promise<Tensor<"float32">>;
  /** Writes the model's folder. */
  save(
    folder: string,
    trained: ReadonlyMap<string, Tensor>,
    factors: LatentFactors | undefined,
  ): Promise<void>;
}

/** The parameters of a model, and the learned log-variance where the recipe has one. */
export function withLogvar(shapes: ReadonlyMap<string, Shape>, recipe: Recipe): Map<string, Shape> {
  return new Map<string, Shape>([
    ...shapes,
    ...(recipe.loss.learnLogvar ? [[logvarName, [1]] as const] : []),
  ]);
}

/** Finds parameters among tensors in memory. */
export const inMemory =
  (tensors: ReadonlyMap<string, Tensor>): FindParameter =>
  (name) =>
    storeInMemory(name, tensors.get(name)!);

const weightsFile = "diffusion_pytorch_model.safetensors";

/** Writes a folder as diffusers lays it out. */
export async function writeModel(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
  config: string,
): Promise<void> {
  await makeFolder(folder);
  await writeSafetensorsFile(join(folder, weightsFile), tensors, { format: "pt" });
  await writeFileAtomic(join(folder, "config.json"), config);
}
