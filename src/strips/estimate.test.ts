import { describe, expect, test } from "vitest";
import { randomProgram } from "../../test/strips/random-program.ts";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { allocate } from "./allocate.ts";
import { estimateGraph, nativeMemory } from "../memory/index.ts";
import { estimateProgram } from "./estimate.ts";
import { spill } from "./spill.ts";

/** Two 3x3 convolutions of 8 channels. */
function graph(size: number): Graph {
  const builder = new GraphBuilder("two");
  const weight = builder.constant("w", Tensor.zeros([8, 8, 3, 3]));
  const attributes = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;
  const x = builder.input("x", "float32", [1, 8, size, size]);
  const middle = builder.apply("Conv", [x, weight], attributes);
  return builder.build({ y: builder.apply("Conv", [middle, weight], attributes) });
}

describe("an estimate", () => {
  test("of a graph grows with its temporaries and its tensors", () => {
    const { parts, peakBytes, fileBytes } = estimateGraph(graph(64), { processBytes: 1e8 });
    const map = 8 * 64 * 64 * 4;
    expect(parts).toMatchObject({ process: 1e8, arena: 0, tensors: 2 * map });
    expect(parts.temporaries).toBeCloseTo(2 * map * nativeMemory.whole.temporaries);
    expect(peakBytes).toBe(Object.values(parts).reduce((sum, part) => sum + part));
    expect(fileBytes).toBe(0);
    const larger = estimateGraph(graph(128), { processBytes: 1e8 });
    expect(larger.parts.temporaries).toBeCloseTo(4 * parts.temporaries);
  });

  test("takes a fresh process when it is not told", () => {
    expect(estimateGraph(graph(8)).parts.process).toBe(nativeMemory.process);
  });

  test("of a program follows its plan of memory", () => {
    const whole = randomProgram(5);
    const spilled = spill(whole, () => "run");
    const [before, after] = [whole, spilled].map((program) =>
      estimateProgram(program, allocate(program), { processBytes: 0 }),
    );
    expect(before!.parts.arena).toBeCloseTo(allocate(whole).size * 4 * nativeMemory.strips.arena);
    expect(after!.peakBytes).toBeLessThan(before!.peakBytes);
    expect(before!.fileBytes).toBe(0);
    expect(after!.fileBytes).toBe(allocate(spilled).fileSize * 4);
  });
});
