/** A graph as a complete ONNX model, weights inside. */
import type { Graph } from "../graph/index.ts";
import { encodeModel } from "../onnx/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readTensor } from "../weights/index.ts";
import { checkFiniteWeights } from "./non-finite.ts";
import type { ExportOptions } from "./options.ts";

/**
 * @param subject what the graph is of, for messages.
 * @throws NOT_FINITE when its weights hold NaN or infinite values, unless `checkFinite` is false.
 */
export async function exportedGraph(
  graph: Graph,
  subject: string,
  { checkFinite = true }: ExportOptions,
): Promise<Uint8Array> {
  const weights = new Map<string, Tensor>();
  for (const { data } of graph.initializers) {
    if ("stored" in data) weights.set(data.stored.name, await readTensor(data.stored));
  }
  if (checkFinite) checkFiniteWeights(subject, weights);
  return encodeModel(graph, ({ name }) => ({ bytes: weights.get(name)!.bytes }));
}
