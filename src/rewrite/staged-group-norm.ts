/**
 * Normalisation of large groups whose statistics are added up in two stages. ONNX Runtime's InstanceNormalization adds
 * up the squares of a whole group one after another in float32: for a smooth picture of 512x512 its result was off by
 * 2e-2, for the built-in model's decoder by 3e-4 at 768x768. Sums of sums of a few thousand numbers are right to 1e-5.
 */
import type { GraphBuilder, GroupNormalization, Value } from "../graph/index.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { RewriteRule } from "./rewriter.ts";

/** Of one sum of the first stage. */
const maxSummands = 4096;

/**
 * By which operators: reductions and elementwise ones, or those that WebAssembly's build has vectorised kernels for. Its ReduceMean adds
 * up number by number, its AveragePool four at a time, and a Conv of each channel alone multiplies and adds in one go.
 */
export type StagedNormForm = "elementwise" | "by kernels";

/**
 * @param minElements of a group: replaces normalisations of groups that have as many.
 */
export const stagedGroupNorm =
  (minElements: number, form: StagedNormForm = "elementwise"): RewriteRule =>
  (node, { builder, at, compositeOf }) => {
    const composite = compositeOf(node.output);
    if (composite?.kind !== "GroupNormalization") return undefined;
    const [x, weight, bias] = composite.inputs.map(at) as [Value, Value, Value];
    const elements = sizeOf(x.shape) / x.shape[0]! / composite.groups;
    return elements < minElements ? undefined : normalized(builder, { ...composite, x, weight, bias }, form);
  };

/** x [N, C, H, W], weight and bias [C, 1, 1] → the shape of x. */
function normalized(
  builder: GraphBuilder,
  {
    x,
    weight,
    bias,
    groups,
    epsilon,
  }: Omit<GroupNormalization, "inputs"> & Record<"x" | "weight" | "bias", Value>,
  form: StagedNormForm,
): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const channelsPerGroup = channels / groups;
  const elements = channelsPerGroup * height * width;
  const summands = greatestDivisor(elements, maxSummands);
  const reshape = (value: Value, shape: Shape): Value => builder.apply("Reshape", [value], { shape });
  const mean = (value: Value): Value => {
    const means = form === "by kernels" ? pooledMeans(builder, value) : rowMeans(builder, value);
    return builder.apply("ReduceMean", [means], { axes: [2], keepdims: true }); // [N, G, 1, 1]
  };
  const parts = reshape(x, [batch, groups, elements / summands, summands]);
  const centered = builder.apply("Sub", [parts, mean(parts)], {});
  const variance = mean(builder.apply("Mul", [centered, centered], {}));
  const floor = builder.constant(`float32(${epsilon})`, Tensor.from(Float32Array.of(epsilon), []));
  const deviation = builder.apply("Sqrt", [builder.apply("Add", [variance, floor], {})], {});
  const scale = builder.apply("Div", [reshape(weight, [groups, channelsPerGroup, 1]), deviation], {}); // [N, G, C/G, 1]
  const picture = reshape(centered, x.shape);
  // A Conv's kernels are those of all pictures.
  if (form === "by kernels" && batch === 1) {
    const kernels = reshape(scale, [channels, 1, 1, 1]);
    const inputs = [picture, kernels, reshape(bias, [channels])];
    return builder.apply("Conv", inputs, { strides: [1, 1], pads: [0, 0, 0, 0], group: channels });
  }
  const scaled = builder.apply("Mul", [picture, reshape(scale, [batch, channels, 1, 1])], {});
  return builder.apply("Add", [scaled, bias], {});
}

/** [N, G, P, S] → [N, G, P, 1] */
const rowMeans = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("ReduceMean", [x], { axes: [3], keepdims: true });

/** The same: every row is a channel of one row of pixels. */
function pooledMeans(builder: GraphBuilder, x: Value): Value {
  const [batch, groups, parts, summands] = x.shape as [number, number, number, number];
  const rows = builder.apply("Reshape", [x], { shape: [batch, groups * parts, 1, summands] });
  const means = builder.apply("AveragePool", [rows], { kernelShape: [1, summands], strides: [1, 1] });
  return builder.apply("Reshape", [means], { shape: [batch, groups, parts, 1] });
}

/** The greatest divisor of a number that is at most `limit`. */
function greatestDivisor(number: number, limit: number): number {
  let divisor = Math.min(number, limit);
  while (number % divisor !== 0) divisor--;
  return divisor;
}
