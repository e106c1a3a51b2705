/**
 * Fresh weights of diffusers' convolutional autoencoders, drawn as PyTorch draws them: the same generator and seed give
 * the same bits as diffusers.
 */
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkParameterCount, initializeParameter } from "./initialize-parameter.ts";

/**
 * Convolutions and linear layers: weight and bias uniform in ±1/√fan_in. Group norms: weight 1, bias 0.
 *
 * @param shapes name and shape of every parameter.
 * @throws INVALID_CONFIG for a model of more parameters than `configLimits` allows.
 */
export function initializeBlocks(
  shapes: ReadonlyMap<string, Shape>,
  generator: BaseGenerator,
): Map<string, Tensor<"float32">> {
  checkParameterCount(shapes);
  const tensors = new Map<string, Tensor<"float32">>();
  for (const name of [...shapes.keys()].sort(byConstruction)) {
    tensors.set(name, initializeParameter(name, shapes, generator));
  }
  return tensors;
}

/** diffusers constructs both quant convolutions last; the sort is stable, so all else keeps its order. */
function byConstruction(a: string, b: string): number {
  const rank = (name: string): number => ["quant_conv", "post_quant_conv"].indexOf(name.split(".")[0]!);
  return rank(a) - rank(b);
}
