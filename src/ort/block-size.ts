/** How many channels lie together in a block: asked of the machine, in a model of one operator. */
import type { Value } from "../graph/index.ts";
import { onnxModel } from "../onnx/onnx-model.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Attempter } from "./attempt.ts";
import { blockedDomain } from "./domains.ts";

/** Those that ONNX Runtime has had: vectors of 256 and of 512 bits. */
const knownSizes = [8, 16];

/** Undefined where there are no blocks. */
export async function findBlockSize(attempt: Attempter): Promise<number | undefined> {
  // Two pixels of more channels than a block has.
  const shape = [1, 64, 1, 2];
  const [x, blocks] = ["x", "blocks"].map((name): Value => ({ name, dtype: "float32", shape }));
  const node = { operator: "ReorderInput", domain: blockedDomain, name: "reorder", attributes: {} };
  const { blocks: found } = await attempt({
    model: onnxModel({
      name: "block_size",
      nodes: [{ ...node, inputs: [x!.name], outputs: [blocks!.name] }],
      initializers: [],
      inputs: [x!],
      outputs: [blocks!],
    }),
    inputs: {
      x: Tensor.from(
        Float32Array.from({ length: sizeOf(shape) }, (_, index) => index),
        shape,
      ),
    },
    outputs: [blocks!],
  });
  // Channel c of pixel p is 2c + p; a block's channels of pixel 0 come before those of pixel 1.
  const isOrder = (size: number): boolean =>
    Array.from(found!).every((value, index) => {
      const [block, pixel, lane] = [
        Math.floor(index / (2 * size)),
        Math.floor(index / size) % 2,
        index % size,
      ];
      return value === 2 * (block * size + lane) + pixel;
    });
  return knownSizes.find(isOrder);
}
