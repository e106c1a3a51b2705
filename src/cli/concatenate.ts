/** One batch out of single samples. */
import { Tensor } from "../node/index.ts";

/** `[1, …]` each → `[N, …]`. */
export function concatenate(parts: readonly Tensor<"float32">[]): Tensor<"float32"> {
  const [first] = parts;
  const data = new Float32Array(first!.size * parts.length);
  parts.forEach((part, i) => {
    data.set(part.data, i * first!.size);
  });
  return Tensor.from(data, [parts.length, ...first!.shape.slice(1)]);
}
