/** What a session of ONNX Runtime keeps in memory while it runs a graph. */
import type { Graph, Node, OperatorName, Value } from "../graph/index.ts";
import { elementsInBlocks } from "../rewrite/index.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { fixedValues } from "./estimate.ts";

/** Their output is their input under another shape. */
const aliases: ReadonlySet<OperatorName> = new Set(["Identity", "Reshape"]);

/** Their output may take the place of an input that is not needed any more. */
const inPlace: ReadonlySet<OperatorName> = new Set([
  ...(["Abs", "Add", "Clip", "Div", "Exp", "Mul", "Neg", "Relu", "Sigmoid", "Sqrt", "Sub", "Tanh"] as const),
]);

interface Buffer {
  readonly byteLength: number;
  /** Values in it that are still to be read. */
  readonly pending: Set<string>;
}

const byteLengthOf = ({ dtype, shape }: Value): number => sizeOf(shape) * bytesPerElement(dtype);

/**
 * Bytes of the intermediate results that exist while each node runs; weights and what is computed from them alone do
 * not count.
 */
export function liveBytes(graph: Graph): Map<Node, number> {
  const fixed = fixedValues(graph);
  const nodes = graph.nodes.filter(({ output }) => !fixed.has(output.name));
  const reads = new Map<string, number>();
  for (const { inputs } of nodes) for (const { name } of inputs) reads.set(name, (reads.get(name) ?? 0) + 1);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  for (const name of outputs) reads.set(name, Infinity);
  const buffers = new Map<string, Buffer>();
  let live = 0;
  const hold = (value: Value): void => {
    const byteLength = byteLengthOf(value);
    buffers.set(value.name, { byteLength, pending: new Set([value.name]) });
    live += byteLength;
  };
  for (const value of graph.inputs) hold(value);
  const result = new Map<Node, number>();
  for (const node of nodes) {
    const used = new Set(node.inputs.flatMap(({ name }) => buffers.get(name) ?? []));
    for (const { name } of node.inputs) {
      const left = (reads.get(name) ?? 0) - 1;
      reads.set(name, left);
      if (left <= 0) buffers.get(name)?.pending.delete(name);
    }
    const place = reusable(node, buffers);
    if (place === undefined) hold(node.output);
    else {
      place.pending.add(node.output.name);
      buffers.set(node.output.name, place);
    }
    result.set(node, live + elementsInBlocks(node) * bytesPerElement("float32"));
    for (const buffer of used) if (buffer.pending.size === 0) live -= buffer.byteLength;
  }
  return result;
}

/** The buffer of an input that takes the output too. */
function reusable(
  { operator, inputs, output }: Node,
  buffers: ReadonlyMap<string, Buffer>,
): Buffer | undefined {
  if (aliases.has(operator)) return buffers.get(inputs[0]!.name);
  if (!inPlace.has(operator)) return undefined;
  return inputs
    .map(({ name }) => buffers.get(name))
    .find((buffer) => buffer?.pending.size === 0 && buffer.byteLength === byteLengthOf(output));
}
