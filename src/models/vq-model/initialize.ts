/** Fresh weights of a VQModel, drawn as PyTorch draws them: the same generator and seed give the same bits as diffusers. */
import type { BaseGenerator } from "../../random/base-generator.ts";
import type { Shape } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkParameterCount, initializeParameter } from "../initialize-parameter.ts";
import { vqModelShapes } from "./graph.ts";
import { codebookName } from "./names.ts";
import type { VQModelConfig } from "./keys.ts";

/**
 * Convolutions and linear layers: uniform in ±1/√fan_in. Normalisations: weight 1, bias 0. The codebook: uniform in ±1/rows.
 *
 * @throws INVALID_CONFIG for a model of more parameters than `configLimits` allows.
 */
export function initializeVQModel(
  config: VQModelConfig,
  generator: BaseGenerator,
): Map<string, Tensor<"float32">> {
  const shapes = vqModelShapes(config);
  checkParameterCount(shapes);
  return new Map(
    [...shapes.keys()]
      .sort(byConstruction)
      .map((name) => [
        name,
        name === codebookName
          ? freshCodebook(shapes.get(name)!, generator)
          : initializeParameter(name, shapes, generator),
      ]),
  );
}

/** torch.nn.Embedding draws normal numbers first, which diffusers' VectorQuantizer replaces. */
function freshCodebook(shape: Shape, generator: BaseGenerator): Tensor<"float32"> {
  generator.randn(shape);
  const data = new Float32Array(sizeOf(shape));
  const bound = 1 / shape[0]!;
  generator.fillUniform(data, -bound, bound);
  return Tensor.from(data, shape);
}

/** diffusers constructs the decoder last; the sort is stable, so all else keeps its order. */
function byConstruction(a: string, b: string): number {
  const order = ["encoder", "quant_conv", "quantize", "post_quant_conv", "decoder"];
  const rank = (name: string): number => order.indexOf(name.split(".")[0]!);
  return rank(a) - rank(b);
}
