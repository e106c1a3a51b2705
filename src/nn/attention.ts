/** Self-attention over all pixels with one head, as a VAE's blocks have it. */
import type { Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ModuleContext } from "./context.ts";
import { linear } from "./layers.ts";

/** The most scores that exist at once: 2^21 float32 are 8 MiB, which a level-2 cache nearly holds. */
const maxScores = 2 ** 21;

/** Fewest queries in one chunk, so that a matrix product stays worth its overhead. */
const minChunk = 64;

/**
 * x + to_out(softmax(q kᵀ / √C) v), with q, k, v from the normalised x. x [N, C, H, W] → the same shape.
 *
 * The queries go in chunks, so that the (H·W) x (H·W) matrix of scores never exists as a whole.
 *
 * @param normalize of the same shape.
 * @see diffusers, models/attention_processor.py (Attention with a residual connection)
 */
export function attention(
  context: ModuleContext,
  name: string,
  x: Value,
  normalize: (x: Value) => Value,
): Value {
  const { builder } = context;
  return builder.scope(name, () => {
    const normalized = normalize(x);
    const query = linear(context, `${name}.to_q`, normalized);
    const key = linear(context, `${name}.to_k`, normalized);
    const value = linear(context, `${name}.to_v`, normalized);
    const attended = builder.labelled({ layer: name }, () => attend(context, query, key, value));
    const projected = linear(context, `${name}.to_out.0`, attended);
    return builder.apply("Add", [projected, x], {});
  });
}

/** softmax(query · keyᵀ / √C) · value. Each [N, C, H, W], a token for each pixel → the same shape. */
export function attend({ builder }: ModuleContext, query: Value, key: Value, value: Value): Value {
  const [batch, channels, height, width] = query.shape as [number, number, number, number];
  const pixels = height * width;
  const tokens = (x: Value): Value =>
    builder.apply("Transpose", [builder.apply("Reshape", [x], { shape: [batch, channels, pixels] })], {
      perm: [0, 2, 1],
    }); // [N, C, H, W] → [N, H·W, C]

  const scale = builder.constant(
    `attention_scale_${channels}`,
    Tensor.from(Float32Array.of(channels ** -0.5), []),
  );
  const queries = tokens(builder.apply("Mul", [query, scale], {})); // [N, H·W, C]
  const keys = builder.apply("Reshape", [key], { shape: [batch, channels, pixels] }); // [N, C, H·W]
  const values = tokens(value); // [N, H·W, C]

  const chunk = Math.max(minChunk, Math.floor(maxScores / pixels));
  const attended: Value[] = [];
  for (let start = 0; start < pixels; start += chunk) {
    const end = Math.min(start + chunk, pixels);
    const isWhole = pixels <= chunk;
    const attendChunk = (): Value => {
      const rows = isWhole
        ? queries
        : builder.apply("Slice", [queries], { axes: [1], starts: [start], ends: [end] });
      const scores = builder.apply("MatMul", [rows, keys], {}); // [N, chunk, H·W]
      const weights = builder.apply("Softmax", [scores], { axis: 2 });
      return builder.apply("MatMul", [weights, values], {}); // [N, chunk, C]
    };
    attended.push(builder.scope(`queries_${start}`, attendChunk));
  }
  const joined = attended.length === 1 ? attended[0]! : builder.apply("Concat", attended, { axis: 1 });
  const channelsFirst = builder.apply("Transpose", [joined], { perm: [0, 2, 1] }); // [N, C, H·W]
  const output = builder.apply("Reshape", [channelsFirst], { shape: query.shape });
  return builder.composite({ kind: "Attention", inputs: [query, key, value], output });
}
