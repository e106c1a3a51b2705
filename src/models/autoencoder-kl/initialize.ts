/** Fresh weights of an AutoencoderKL: the same generator and seed give the same bits as diffusers. */
import type { BaseGenerator } from "../../random/base-generator.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { initializeBlocks } from "../initialize-blocks.ts";
import type { AutoencoderKLConfig } from "./config.ts";
import { parameterShapes } from "./graph.ts";

/** As PyTorch draws them. @throws INVALID_CONFIG for a model of more parameters than `configLimits` allows */
export function initializeParameters(
  config: AutoencoderKLConfig,
  generator: BaseGenerator,
): Map<string, Tensor<"float32">> {
  return initializeBlocks(parameterShapes(config), generator);
}
