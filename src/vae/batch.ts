/** Batches: cutting a tensor into its samples and joining samples again. */
import { Tensor } from "../tensor/tensor.ts";

type Planes = Tensor<"float32">;

/** x [N, …] → N tensors [1, …] that share its data. */
export function splitBatch(x: Planes): Planes[] {
  const [batch, ...rest] = x.shape as [number, ...number[]];
  const size = x.size / batch;
  return Array.from({ length: batch }, (_, i) =>
    Tensor.from(x.data.subarray(i * size, (i + 1) * size), [1, ...rest]),
  );
}

/** Tensors [1, …] of one shape → [N, …]. */
export function joinBatch(samples: readonly Planes[]): Planes {
  const [first] = samples;
  if (samples.length === 1) return first!;
  const out = Tensor.zeros([samples.length, ...first!.shape.slice(1)]);
  samples.forEach((sample, i) => {
    out.data.set(sample.data, i * sample.size);
  });
  return out;
}
