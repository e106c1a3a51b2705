/**
 * How a model is written and opened for WebAssembly so that it takes little memory, of which there are 4 GB at most and none is given
 * back. Each of the three halves the peak of some models; results and times are the same.
 */
import { encodeModel, int64s, type Dialect, type Placement } from "../../onnx/index.ts";
import type { Graph, Node } from "../../graph/index.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";

/**
 * What depends on weights alone is computed in each run, which takes hardly longer. Folded into constants, Winograd's kernels lie
 * beside the weights with four times their size, and a session takes longer to make.
 */
export const foldsNothing = {
  extra: { optimization: { disable_specified_optimizers: "ConstantFolding" } },
} as const;

export const encodeFrugalModel = (graph: Graph, place: (stored: StoredTensor) => Placement): Uint8Array =>
  encodeModel(weightsFirst(graph), place, unknownShapes);

/**
 * The same graph; nodes that depend on weights alone come first in its list.
 *
 * ONNX Runtime goes back from the outputs and computes, of a node's inputs, the one that stands last in the list before the others. Were
 * that Winograd's kernels and not the picture, the kernels of all layers would be there before the first layer begins: for a model of
 * FLUX.1's size, 0.6 GB.
 *
 * @see ONNX Runtime, core/graph/graph.cc, Graph::ReverseDFSFrom
 */
export function weightsFirst(graph: Graph): Graph {
  const known = new Set(graph.initializers.map(({ value }) => value.name));
  const ofWeights: Node[] = [];
  const ofInputs: Node[] = [];
  for (const node of graph.nodes) {
    const isKnown = node.inputs.every(({ name }) => known.has(name));
    if (isKnown) known.add(node.output.name);
    (isKnown ? ofWeights : ofInputs).push(node);
  }
  return { ...graph, nodes: [...ofWeights, ...ofInputs] };
}

/**
 * Reshape takes its shape from what a run may change, so that ONNX Runtime knows no shape from there on.
 *
 * A buffer whose shape it knows is kept until the last result of the same shape, however much later that comes, and not freed when
 * nobody needs it any more. It has no switch for this that a page could reach.
 *
 * @see ONNX Runtime, core/framework/allocation_planner.cc, PlannerImpl::FindReusableTensor
 */
const unknownShapes: Dialect = (_graph, sink) => ({
  leavesOut: () => false,
  take: ({ operator, attributes, inputs, output: { name } }) => {
    if (operator !== "Reshape") return false;
    const shape = `${name}:shape`;
    sink.changeable(shape, int64s(attributes.shape));
    sink.node({ operator, name, inputs: [inputs[0]!.name, shape], outputs: [name], attributes: {} });
    return true;
  },
});
