/** Linear attention in a program: one pass over the strips of what it reads for its sums, one for its result. */
import type { LinearAttention } from "../graph/index.ts";
import type { KeptMap } from "./kept-map.ts";
import { linearAttentionGraph, linearAttentionNames, linearSumsGraph } from "./linear-attention-graph.ts";
import type { TensorId } from "./program.ts";
import type { ProgramWriter } from "./program-writer.ts";

export function emitLinearAttention(
  writer: ProgramWriter,
  { headSize, epsilon }: LinearAttention,
  input: KeptMap,
  output: KeptMap,
): void {
  const { strip: stripName, sums: sumsName, nextSums, output: outputName } = linearAttentionNames;
  const heads = input.value.shape[1]! / (3 * headSize);
  let sums: TensorId | undefined;
  for (const { tensor } of input.strips) {
    const shape = writer.shapes[tensor]!;
    const isFirst = sums === undefined;
    const key = `linear attention's sums ${JSON.stringify({ shape, headSize, isFirst })}`;
    const graph = writer.graph(key, () => linearSumsGraph(shape, headSize, isFirst));
    const next = writer.tensor([heads, headSize, headSize + 1]);
    const inputs = { [stripName]: tensor, ...(sums === undefined ? {} : { [sumsName]: sums }) };
    writer.emit({ kind: "run", of: "strip", graph, inputs, outputs: { [nextSums]: next } });
    sums = next;
  }
  input.strips.forEach(({ tensor }, index) => {
    const shape = writer.shapes[tensor]!;
    const key = `linear attention ${JSON.stringify({ shape, headSize, epsilon })}`;
    const graph = writer.graph(key, () => linearAttentionGraph(shape, headSize, epsilon));
    const inputs = { [stripName]: tensor, [sumsName]: sums! };
    const outputs = { [outputName]: output.strips[index]!.tensor };
    writer.emit({ kind: "run", of: "strip", graph, inputs, outputs });
  });
}
