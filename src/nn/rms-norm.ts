/** Normalisation of each pixel by the length of its vector of channels. */
import type { Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Shape } from "../tensor/shape.ts";
import type { ModuleContext } from "./context.ts";

/** Added to the mean square by diffusers' RMSNorm. */
const rmsEpsilon = 1e-5;

/**
 * x / √(mean square + 1e-5) · weight + bias, over the channels of each pixel. x [N, C, H, W] → the same shape.
 *
 * @see diffusers, models/normalization.py (RMSNorm)
 */
export function pixelNorm(context: ModuleContext, name: string, x: Value): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  return builder.labelled({ layer: name }, () => {
    const weight = context.parameter(`${name}.weight`, [channels], [channels, 1, 1]);
    const bias = context.parameter(`${name}.bias`, [channels], [channels, 1, 1]);
    const squares = builder.apply("Mul", [x, x], {});
    const mean = builder.apply("ReduceMean", [squares], { axes: [1], keepdims: true }); // [N, 1, H, W]
    const epsilon = builder.constant(`float32(${rmsEpsilon})`, Tensor.from(Float32Array.of(rmsEpsilon), []));
    const length = builder.apply("Sqrt", [builder.apply("Add", [mean, epsilon], {})], {});
    const scaled = builder.apply("Mul", [builder.apply("Div", [x, length], {}), weight], {});
    return builder.apply("Add", [scaled, bias], {});
  });
}

/** What PyTorch's `normalize` divides by at least. */
const leastLength = 1e-12;

/**
 * x / max(‖x‖, 1e-12) · √C · gamma, with the length over the channels of each pixel. x [N, C, H, W] → the same shape.
 *
 * @param shape gamma's in the checkpoint, with C numbers.
 * @see torch.nn.functional.normalize
 */
export function rmsNorm(context: ModuleContext, name: string, x: Value, shape: Shape): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  const number = (label: string, value: number): Value =>
    builder.constant(label, Tensor.from(Float32Array.of(value), []));
  return builder.labelled({ layer: name }, () => {
    const gamma = context.parameter(`${name}.gamma`, shape, [channels, 1, 1]);
    const squares = builder.apply("Mul", [x, x], {});
    const sum = builder.apply("ReduceSum", [squares], { axes: [1], keepdims: true }); // [N, 1, H, W]
    const length = builder.apply("Clip", [builder.apply("Sqrt", [sum], {})], { min: leastLength });
    const factor = builder.apply("Div", [number(`sqrt_${channels}`, Math.sqrt(channels)), length], {});
    const output = builder.apply("Mul", [builder.apply("Mul", [x, factor], {}), gamma], {});
    return builder.composite({ kind: "RMSNormalization", inputs: [x, gamma], output });
  });
}
