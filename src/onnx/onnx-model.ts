/** A ModelProto around nodes that are written already. */
import type { Value } from "../graph/index.ts";
import { graphProto, modelProto, nodeProto, valueInfoProto, type OnnxNode, type Proto } from "./protobuf.ts";

/** Opset 18 (ONNX 1.13, IR 8): the newest that every runtime in use reads. */
const opsetVersion = 18;
const irVersion = 8;

export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  /** TensorProtos. */
  readonly initializers: readonly Proto[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** ValueInfoProtos of outputs before the others. */
  readonly leadingOutputs?: readonly Proto[];
}

/** A domain other than ONNX's own is a runtime's, at its version 1. */
export function onnxModel({ nodes, leadingOutputs = [], ...model }: OnnxModel): Uint8Array {
  const graph = graphProto({
    name: model.name,
    nodes: nodes.map(nodeProto),
    initializers: model.initializers,
    inputs: model.inputs.map(valueInfoProto),
    outputs: [...leadingOutputs, ...model.outputs.map(valueInfoProto)],
  });
  const domains = new Set(nodes.flatMap(({ domain }) => domain ?? []));
  return modelProto(graph, irVersion, {
    "": opsetVersion,
    ...Object.fromEntries([...domains].map((domain) => [domain, 1])),
  });
}
