/** Fresh weights of an AutoencoderKL, drawn as PyTorch draws them: the same generator and seed give the same bits as diffusers. */
import { VaekitError } from "../../errors.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import { sizeOf, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { configLimits } from "../config-limits.ts";
import { initializeParameter } from "../initialize-parameter.ts";
import type { AutoencoderKLConfig } from "./config.ts";
import { parameterShapes } from "./graph.ts";

/**
 * Convolutions and linear layers: weight and bias uniform in ±1/√fan_in. Group norms: weight 1, bias 0.
 *
 * @throws INVALID_CONFIG for a model of more parameters than `configLimits` allows.
 */
export function initializeParameters(
  config: AutoencoderKLConfig,
  generator: BaseGenerator,
): Map<string, Tensor<"float32">> {
  const shapes = parameterShapes(config);
  checkSize(shapes);
  const tensors = new Map<string, Tensor<"float32">>();
  for (const name of [...shapes.keys()].sort(byConstruction)) {
    tensors.set(name, initializeParameter(name, shapes, generator));
  }
  return tensors;
}

function checkSize(shapes: ReadonlyMap<string, Shape>): void {
  const count = [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  const most = configLimits.freshParameters;
  if (count <= most) return;
  throw new VaekitError(
    "INVALID_CONFIG",
    `config: expected a model of at most ${most} parameters to draw, found ${count}. Make block_out_channels or layers_per_block smaller.`,
  );
}

/** diffusers constructs both quant convolutions last; the sort is stable, so all else keeps its order. */
function byConstruction(a: string, b: string): number {
  const rank = (name: string): number => ["quant_conv", "post_quant_conv"].indexOf(name.split(".")[0]!);
  return rank(a) - rank(b);
}
