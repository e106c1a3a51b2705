/** Chains of elementwise operations on long vectors, piece by piece, so that what lies between stays in the cache. */
import type { GraphBuilder, Value } from "../../graph/index.ts";

/** 2 MiB of float32: several pieces fit into a second-level cache. */
const chunkSize = 2 ** 19;

/**
 * Applies `body` to pieces of vectors of one length, and joins its results.
 *
 * @param vectors [P] each.
 * @param body elementwise: pieces of the vectors, in their order, to pieces of the results.
 */
export function inChunks(
  builder: GraphBuilder,
  vectors: readonly Value[],
  body: (pieces: readonly Value[]) => readonly Value[],
): Value[] {
  const size = vectors[0]!.shape[0]!;
  if (size <= chunkSize) return [...body(vectors)];
  const chunks: (readonly Value[])[] = [];
  for (let start = 0; start < size; start += chunkSize) {
    const end = Math.min(start + chunkSize, size);
    const piece = (vector: Value): Value =>
      builder.apply("Slice", [vector], { axes: [0], starts: [start], ends: [end] });
    chunks.push(body(vectors.map(piece)));
  }
  return chunks[0]!.map((_, index) =>
    builder.apply(
      "Concat",
      chunks.map((chunk) => chunk[index]!),
      { axis: 0 },
    ),
  );
}
