/** Fresh weights, drawn as PyTorch draws them: the same generator and seed give the same bits as diffusers. */
import { VaekitError } from "../errors.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { parameterShapes } from "./autoencoder-kl/graph.ts";
import type { AutoencoderKLConfig } from "./autoencoder-kl/config.ts";
import { configLimits } from "./config-limits.ts";

/** What PyTorch's layers pass to kaiming_uniform_ as the negative slope. */
const kaimingSlope = Math.sqrt(5);

/**
 * Convolutions and linear layers: weight and bias uniform in ±1/√fan_in. Group norms: weight 1, bias 0.
 *
 * @throws INVALID_CONFIG for a model of more parameters than `configLimits` allows.
 * @see torch.nn.modules.conv._ConvNd.reset_parameters
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

/**
 * Draws one parameter as PyTorch's Conv2d, Linear and normalisation layers do, weights before biases.
 *
 * @param shapes every parameter's shape: a bias takes its range from the weight beside it.
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
