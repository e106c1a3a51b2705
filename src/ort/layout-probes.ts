/** Small models that show what this machine's ONNX Runtime can do with channels in blocks, and how to read their answers. */
import type { Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { writeWeightGradient } from "./blocked-weight-gradient.ts";
import { BlockedWriter } from "./blocked-writer.ts";
import type { ModelSink } from "../onnx/index.ts";
import { onnxModel } from "../onnx/onnx-model.ts";
import { inlineTensorProto, type OnnxNode, type Proto } from "../onnx/protobuf.ts";
import { blockedDomain } from "./domains.ts";
import { writeUnreturnedOutput } from "./unreturned-output.ts";

/** A model, what it is run on, and what its only output says. */
export interface LayoutProbe<T> {
  readonly model: Uint8Array;
  readonly inputs: Readonly<Record<string, Tensor<"float32">>>;
  readonly output: Value;
  readonly read: (output: ArrayLike<number>) => T;
}

const float32 = (name: string, shape: readonly number[]): Value => ({ name, dtype: "float32", shape });

/** How many channels lie together. Undefined where there are no blocks. */
export function blockSizeProbe(): LayoutProbe<number | undefined> {
  // Two pixels of more channels than a block has.
  const shape = [1, 64, 1, 2];
  const [x, blocks] = [float32("x", shape), float32("blocks", shape)];
  const node = { operator: "ReorderInput", domain: blockedDomain, name: "reorder", attributes: {} };
  const counting = Float32Array.from({ length: sizeOf(shape) }, (_, index) => index);
  return {
    model: modelOf("block_size", [x], blocks, (sink) => {
      sink.node({ ...node, inputs: [x.name], outputs: [blocks.name] });
    }),
    inputs: { [x.name]: Tensor.from(counting, shape) },
    output: blocks,
    // Pixel 1 of the first channel is 1; it comes after pixel 0 of all channels of its block.
    read: (output) => {
      const size = Array.from(output).indexOf(1);
      return size > 1 ? size : undefined;
    },
  };
}

/** Whether convolutions of groups work (`BlockedLayout.hasGroups`); the model fails where they are refused. */
export function groupsProbe(size: number): LayoutProbe<boolean> {
  const pixels = 4;
  const shape = [2, size, pixels, pixels];
  const [x, dy, dw] = [float32("x", shape), float32("dy", shape), float32("dw", [size, size, 3, 3])];
  const ones = Tensor.from(new Float32Array(sizeOf(shape)).fill(1), shape);
  return {
    model: modelOf("groups", [x, dy], dw, (sink) => {
      const writer = new BlockedWriter({ size, hasGroups: true }, sink);
      writeWeightGradient(writer, {
        kind: "WeightGradient",
        inputs: [x, dy],
        output: dw,
        pads: [1, 1, 1, 1],
      });
    }),
    inputs: { [x.name]: ones, [dy.name]: ones },
    output: dw,
    // Of two examples, as many products as there are pixels under both the picture and the tap's shift of it.
    read: (output) =>
      Array.from(output).every((value, index) => {
        const overlap = (tap: number): number => (tap === 1 ? pixels : pixels - 1);
        return value === 2 * overlap(Math.floor(index / 3) % 3) * overlap(index % 3);
      }),
  };
}

function modelOf(
  name: string,
  inputs: readonly Value[],
  output: Value,
  write: (sink: ModelSink) => void,
): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers: Proto[] = [];
  const leadingOutputs: Proto[] = [];
  const sink: ModelSink = {
    node: (node) => nodes.push(node),
    constant: (tensorName, { dtype, shape, bytes }) =>
      initializers.push(inlineTensorProto({ name: tensorName, dtype, shape }, bytes)),
    leadingOutput: (proto) => leadingOutputs.push(proto),
  };
  writeUnreturnedOutput(sink);
  write(sink);
  return onnxModel({ name, nodes, initializers, inputs, outputs: [output], leadingOutputs });
}
