/**
 * An output that ONNX Runtime's package for Node cannot return: a sequence of one empty tensor, before the graph's own outputs. What
 * it is for: `ort/node/run-into.js`.
 */
import type { ModelSink } from "../onnx/index.ts";
import { sequenceInfoProto } from "../onnx/protobuf.ts";
import { Tensor } from "../tensor/tensor.ts";
import { unreturnedOutput } from "./unreturned-name.js";

export function writeUnreturnedOutput(sink: ModelSink): void {
  const name = unreturnedOutput;
  const element = { name: `${name}:element`, tensor: Tensor.zeros([0]) };
  sink.constant(element.name, element.tensor);
  sink.node({
    operator: "SequenceConstruct",
    name,
    inputs: [element.name],
    outputs: [name],
    attributes: {},
  });
  sink.leadingOutput(sequenceInfoProto(name, element.tensor));
}
