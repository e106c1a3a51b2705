/** What training asks of a model, whatever its class. */
import type { FindParameter, ModelFacts } from "../models/index.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { logvarName } from "./graphs/context.ts";
import type { ParameterLayout } from "./parameter-layout.ts";
import type { VaeNetwork } from "./vae-network.ts";

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

/** What is measured when training ends. */
export interface Measured {
  /** What replaces the config's scaling of latents. */
  readonly factors?: LatentFactors | undefined;
  /** The most likely scale of the pixels around their means, where it is of each batch in training. */
  readonly scale?: number | undefined;
}

/** A model as files, in diffusers' layout. */
export interface ModelContent {
  /** config.json's text. */
  readonly config: string;
  /** Every parameter, as it is stored. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** likelihood.safetensors, where the scale of p(x|z) is none of the model's own parameters. */
  readonly likelihood?: SafetensorsParts;
}

/** What a .safetensors file is made of. */
export interface SafetensorsParts {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface TrainableModel {
  readonly network: VaeNetwork;
  readonly facts: ModelFacts;
  /** The trained parameters. */
  readonly layout: ParameterLayout;
  /** All others. */
  readonly frozen: FindParameter;
  /** What a checkpoint must have been trained for. */
  readonly architecture: Record<string, unknown>;
  /** Undefined where latents are for no diffusion model: they follow the prior N(0, 1), and a likelihood judges them. */
  readonly latents: TrainedLatents | undefined;
  /** The trained parameters before the first step. @param pictures gives some to start from. */
  initialParameters(
    generator: BaseGenerator,
    pictures: () => Promise<Tensor<"float32">>,
  ): Promise<Tensor<"float32">>;
  /** @param trained the trained parameters, by name. */
  content(trained: ReadonlyMap<string, Tensor>, measured?: Measured): ModelContent;
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
