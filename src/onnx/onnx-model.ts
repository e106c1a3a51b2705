/** A ModelProto around nodes that are written already. */
import type { Value } from "../graph/index.ts";
import {
  graphProto,
  inlineTensorProto,
  modelProto,
  nodeProto,
  sequenceInfoProto,
  valueInfoProto,
  type OnnxNode,
  type Proto,
} from "./protobuf.ts";

/** Opset 18 (ONNX 1.13, IR 8): the newest that every runtime in use reads. */
const opsetVersion = 18;
const irVersion = 8;

/** ONNX Runtime's name for its operators on channels in blocks. */
export const blockedDomain = "com.microsoft.nchwc";

/** And for those of its own that stand beside ONNX's. */
export const contribDomain = "com.microsoft";

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  /** TensorProtos. */
  readonly initializers: readonly Proto[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Adds an output of this name before the others: a sequence of one empty tensor. */
  readonly sequenceOutput?: string | undefined;
}

export function onnxModel(model: OnnxModel): Uint8Array {
  const sequence = model.sequenceOutput === undefined ? undefined : emptySequence(model.sequenceOutput);
  const nodes = sequence === undefined ? model.nodes : [...model.nodes, sequence.node];
  const graph = graphProto({
    name: model.name,
    nodes: nodes.map(nodeProto),
    initializers: [...model.initializers, ...(sequence === undefined ? [] : [sequence.initializer])],
    inputs: model.inputs.map(valueInfoProto),
    outputs: [...(sequence === undefined ? [] : [sequence.output]), ...model.outputs.map(valueInfoProto)],
  });
  const domains = new Set(nodes.flatMap(({ domain }) => domain ?? []));
  return modelProto(graph, irVersion, {
    "": opsetVersion,
    ...Object.fromEntries([...domains].map((domain) => [domain, 1])),
  });
}

function emptySequence(name: string): { node: OnnxNode; initializer: Proto; output: Proto } {
  const element: Value = { name: `${name}:element`, dtype: "float32", shape: [0] };
  return {
    node: {
      operator: "SequenceConstruct",
      name,
      inputs: [element.name],
      outputs: [name],
      attributes: {},
    },
    initializer: inlineTensorProto(element, new Uint8Array()),
    output: sequenceInfoProto(name, element),
  };
}
