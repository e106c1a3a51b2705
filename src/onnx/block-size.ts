/** How many channels ONNX Runtime lays together on this machine: a model that shows it, and how to read its answer. */
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { blockedDomain, onnxModel } from "./onnx-model.ts";

/** Two pixels of more channels than a block has. */
const shape: Shape = [1, 64, 1, 2];

/** The model's input and output, both float32 of `shape`. */
export const blockProbe = { input: "x", output: "blocks", shape } as const;

export function blockProbeModel(sequenceOutput: string): Uint8Array {
  const { input, output } = blockProbe;
  const node = { operator: "ReorderInput", domain: blockedDomain, name: "reorder", attributes: {} };
  return onnxModel({
    name: "block_probe",
    nodes: [{ ...node, inputs: [input], output }],
    initializers: [],
    inputs: [{ name: input, dtype: "float32", shape }],
    outputs: [{ name: output, dtype: "float32", shape }],
    sequenceOutput,
  });
}

/** Pixel 0 of the first channel is 0, its pixel 1 is 1. */
export const blockProbeInput = (): Tensor<"float32"> =>
  Tensor.from(
    Float32Array.from({ length: sizeOf(shape) }, (_, index) => index),
    shape,
  );

/** In the output, pixel 1 of a channel comes after pixel 0 of all channels of its block. Undefined where there are no blocks. */
export function blockSizeIn(output: ArrayLike<number>): number | undefined {
  const size = Array.from(output).indexOf(1);
  return size > 1 ? size : undefined;
}
