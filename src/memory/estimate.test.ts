import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { estimateGraph, floatBytes, sumOf, weightBytes } from "./estimate.ts";
import { liveBytes } from "./liveness.ts";
import { nativeMemory, wasmMemory } from "./memory-model.ts";
import { tooLittleMemory } from "./too-little-memory.ts";

/** y = -(x + w + c), with a weight in float16 and a constant. */
function graph(): Graph {
  const builder = new GraphBuilder("g");
  const x = builder.input("x", "float32", [5, 4]);
  const half = builder.stored(storeInMemory("w", Tensor.from(new Uint16Array(4), [4], "float16")));
  const w = builder.apply("Cast", [half], { to: "float32" });
  const c = builder.constant("c", Tensor.zeros([4]));
  const sum = builder.apply("Add", [builder.apply("Add", [x, w], {}), c], {});
  return builder.build({ y: builder.apply("Neg", [sum], {}) });
}

describe("what a graph needs", () => {
  test("is the sum of its parts, each counted once", () => {
    const { parts, peakBytes, fileBytes } = estimateGraph(graph(), { processBytes: 1000 });
    const most = Math.max(...liveBytes(graph(), { ownsOutputs: true }));
    expect(parts).toEqual({
      process: 1000,
      runtime: nativeMemory.whole.fixed,
      arena: 0,
      temporaries: most * nativeMemory.whole.temporaries,
      // Computed with as float32, constants aside.
      weights: 4 * 4,
      tensors: 2 * 20 * 4,
    });
    expect(peakBytes).toBe(Object.values(parts).reduce((sum, part) => sum + part));
    expect(fileBytes).toBe(0);
    expect(weightBytes(graph(), nativeMemory)).toBe(16);
    expect(floatBytes({ shape: [2, 3] })).toBe(24);
  });

  test("has weights in WebAssembly as they are stored, twice", () => {
    expect(weightBytes(graph(), wasmMemory)).toBe(2 * 4 * 2);
    const { parts } = estimateGraph(graph(), { memory: wasmMemory });
    expect(parts).toMatchObject({
      process: wasmMemory.process,
      runtime: wasmMemory.whole.fixed,
      weights: 16,
    });
  });

  test("includes a fresh process where nothing is said of this one, and the file", () => {
    const parts = { runtime: 1, arena: 2, temporaries: 3, weights: 4, tensors: 5 };
    expect(sumOf(parts, 7, {})).toEqual({
      peakBytes: nativeMemory.process + 15,
      parts: { process: nativeMemory.process, ...parts },
      fileBytes: 7,
    });
    expect(sumOf(parts, 0, { processBytes: 0 }).peakBytes).toBe(15);
  });
});

test("too little memory says what works, rounded up with room, and what was found, rounded down", () => {
  const error = tooLittleMemory({ what: "decoding 8x8", allowedBytes: 99_999_999, leastBytes: 200e6 });
  expect(error.code).toBe("INVALID_ARGUMENT");
  expect(error.message).toBe(
    "maxMemoryBytes: expected at least 210 MB for decoding 8x8, found 99 MB. Allow more memory, or take a smaller picture.",
  );
  const why = "There are no strips.";
  expect(tooLittleMemory({ what: "a", allowedBytes: 0, leastBytes: 200e6 + 1e5, why }).message).toBe(
    "maxMemoryBytes: expected at least 220 MB for a, found 0 MB. There are no strips. Allow more memory, or take a smaller picture.",
  );
});
