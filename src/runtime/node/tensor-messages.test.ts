import { describe, expect, test } from "vitest";
import { Tensor } from "../../tensor/tensor.ts";
import { buffersOf, toMessages, toTensors } from "./tensor-messages.ts";

const tensors = {
  pixels: Tensor.from(Float32Array.of(1, 2, 3, 4), [2, 2]),
  step: Tensor.from(BigInt64Array.of(7n), []),
};

describe("tensors as messages", () => {
  test("come out as they went in", () => {
    expect(toTensors(toMessages(tensors))).toEqual(tensors);
  });

  test("are copies, whose buffers may go to another thread", () => {
    const messages = toMessages(tensors);
    const buffers = buffersOf(messages);
    expect(buffers.map(({ byteLength }) => byteLength)).toEqual([16, 8]);
    structuredClone(null, { transfer: buffers });
    expect(messages.pixels!.data).toHaveLength(0);
    expect([...tensors.pixels.data]).toEqual([1, 2, 3, 4]);
  });

  test("of a part of a buffer hold that part alone", () => {
    const part = Tensor.from(Float32Array.of(0, 1, 2, 3).subarray(1, 3), [2]);
    const messages = toMessages({ part });
    expect(buffersOf(messages)[0]!.byteLength).toBe(8);
    expect([...messages.part!.data]).toEqual([1, 2]);
  });

  test.each(["float16", "bfloat16"] as const)("have no %s, which no graph takes", (dtype) => {
    expect(() => toMessages({ half: tensors.pixels.toFloat(dtype) })).toThrow(
      `internal: a graph has no ${dtype} input`,
    );
  });
});
