/**
 * Normalisation that keeps float32's precision whatever the mean is. ONNX Runtime's WebGPU provider computes the
 * variance as mean(x²) - mean(x)², which cancels: the error grows with (mean / deviation)². Once the mean is near zero,
 * it is exact to rounding.
 */
import type { Value } from "../graph/index.ts";
import type { RewriteRule } from "./rewriter.ts";

/** Takes the mean away before every InstanceNormalization, which takes away what rounding left of it. */
export const preciseGroupNorm: RewriteRule = (node, { builder, at }) => {
  if (node.operator !== "InstanceNormalization") return undefined;
  const [x, scale, bias] = node.inputs.map(at) as [Value, Value, Value];
  const axes = [...x.shape.keys()].slice(2);
  const mean = builder.apply("ReduceMean", [x], { axes, keepdims: true }); // [N, C, 1]
  const centered = builder.apply("Sub", [x, mean], {}); // [N, C, D]
  return builder.apply("InstanceNormalization", [centered, scale, bias], node.attributes);
};
