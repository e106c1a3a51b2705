/** Attention whose cost grows with the number of pixels, not with its square. */
import type { Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ModuleContext } from "./context.ts";

/** What diffusers adds to the denominator. */
const epsilon = 1e-15;

/**
 * (v · relu(k)ᵀ) · relu(q) / (Σ relu(k)ᵀ · relu(q)) over all pixels, of every head. diffusers computes the same from scores where there
 * are no more pixels than channels in a head.
 *
 * @param x [N, heads · 3 · headSize, H, W]: of every head its queries, keys and values.
 * @returns [N, heads · headSize, H, W]
 * @see Katharopoulos et al. 2020, Transformers are RNNs
 * @see diffusers, models/attention_processor.py (SanaMultiscaleLinearAttention)
 */
export function linearAttend({ builder }: ModuleContext, x: Value, headSize: number): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const heads = channels / (3 * headSize);
  const pixels = height * width;
  const grouped = builder.apply("Reshape", [x], { shape: [batch, heads, 3 * headSize, pixels] });
  const part = (index: number): Value =>
    builder.apply("Slice", [grouped], {
      axes: [2],
      starts: [index * headSize],
      ends: [(index + 1) * headSize],
    });
  const query = builder.apply("Relu", [part(0)], {}); // [N, heads, d, H·W]
  const key = builder.apply("Relu", [part(1)], {});
  const value = part(2);
  const keys = builder.apply("Transpose", [key], { perm: [0, 1, 3, 2] }); // [N, heads, H·W, d]
  const products = builder.apply("MatMul", [value, keys], {}); // [N, heads, d, d]
  const sums = builder.apply("ReduceSum", [keys], { axes: [2], keepdims: true }); // [N, heads, 1, d]
  const weighted = builder.apply("MatMul", [products, query], {});
  const weights = builder.apply("MatMul", [sums, query], {}); // [N, heads, 1, H·W]
  const least = builder.constant(`float32(${epsilon})`, Tensor.from(Float32Array.of(epsilon), []));
  const attended = builder.apply("Div", [weighted, builder.apply("Add", [weights, least], {})], {});
  const shape = [batch, heads * headSize, height, width];
  const output = builder.apply("Reshape", [attended], { shape });
  return builder.composite({ kind: "LinearAttention", inputs: [x], output, headSize, epsilon });
}
