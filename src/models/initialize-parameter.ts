/** Fresh parameters, drawn as PyTorch's layers draw theirs: the same generator and seed give the same bits. */
import { VaekitError } from "../errors.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { configLimits } from "./config-limits.ts";

/** What PyTorch's layers pass to kaiming_uniform_ as the negative slope. */
const kaimingSlope = Math.sqrt(5);

/** @throws INVALID_CONFIG for a model of more parameters than `configLimits` allows. */
export function checkParameterCount(shapes: ReadonlyMap<string, Shape>): void {
  const count = [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  const most = configLimits.freshParameters;
  if (count <= most) return;
  throw new VaekitError(
    "INVALID_CONFIG",
    `config: expected a model of at most ${most} parameters to draw, found ${count}. Make block_out_channels or layers_per_block smaller.`,
  );
}

/**
 * Draws one parameter as PyTorch's Conv2d, Linear and normalisation layers do, weights before biases: weight and bias
 * of convolutions and linear layers uniform in ±1/√fan_in, those of normalisations 1 and 0.
 *
 * @param shapes every parameter's shape: a bias takes its range from the weight beside it.
 * @see torch.nn.modules.conv._ConvNd.reset_parameters
 */
export function initializeParameter(
  name: string,
  shapes: ReadonlyMap<string, Shape>,
  generator: BaseGenerator,
): Tensor<"float32"> {
  const shape = shapes.get(name)!;
  const data = new Float32Array(sizeOf(shape));
  const isBias = name.endsWith(".bias");
  const weightShape = shapes.get(name.replace(/\.bias$/, ".weight"))!;
  if (weightShape.length === 1) return Tensor.from(data.fill(isBias ? 0 : 1), shape);

  const fanIn = sizeOf(weightShape.slice(1));
  const gain = Math.sqrt(2 / (1 + kaimingSlope ** 2));
  const bound = isBias ? 1 / Math.sqrt(fanIn) : Math.sqrt(3) * (gain / Math.sqrt(fanIn));
  generator.fillUniform(data, -bound, bound);
  return Tensor.from(data, shape);
}
