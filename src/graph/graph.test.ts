import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { GraphBuilder, print, verify, type Graph, type Value } from "./index.ts";

function exampleGraph(): Graph {
  const builder = new GraphBuilder("example");
  const x = builder.input("x", "float32", [1, 2, 4, 4]);
  const weight = builder.constant("weight", Tensor.zeros([3, 2, 3, 3]));
  const convolved = builder.scope("block", () =>
    builder.apply("Conv", [x, weight], { strides: [2, 2], pads: [0, 0, 1, 1] }),
  );
  return builder.build({ y: builder.apply("Relu", [convolved], {}) });
}

describe("a graph", () => {
  test("prints with names, types and attributes", () => {
    expect(print(exampleGraph())).toBe(
      [
        "graph example(x: float32[1, 2, 4, 4]) -> (y: float32[1, 3, 2, 2]) {",
        "  block/Conv: float32[1, 3, 2, 2] = Conv(x, weight) {strides=[2,2] pads=[0,0,1,1]}",
        "  y: float32[1, 3, 2, 2] = Relu(block/Conv)",
        "}",
      ].join("\n"),
    );
  });

  test("reads through a Reshape of a Reshape, but not where a composite begins", () => {
    const readBy = (hasComposite: boolean): string[] => {
      const builder = new GraphBuilder("reshapes");
      const input = builder.input("input", "float32", [1, 4, 6]);
      const x = builder.apply("Reshape", [input], { shape: [1, 4, 2, 3] });
      const groups = builder.apply("Reshape", [x], { shape: [1, 2, 12] });
      const weight = builder.constant("weight", Tensor.zeros([4]));
      const output = builder.apply("Relu", [groups], {});
      if (hasComposite) {
        const inputs = [x, weight, weight] as const;
        builder.composite({ kind: "GroupNormalization", inputs, output, groups: 2, epsilon: 1e-6 });
      }
      return builder.build({ y: output }).nodes.map(({ inputs }) => inputs[0]!.name);
    };
    expect(readBy(false)).toEqual(["input", "Reshape_1"]);
    expect(readBy(true)).toEqual(["input", "Reshape", "Reshape_1"]);
  });

  test("verifies as built", () => {
    expect(() => {
      verify(exampleGraph());
    }).not.toThrow();
  });

  test("does not verify when a node comes before its input", () => {
    const graph = exampleGraph();
    expect(() => {
      verify({ ...graph, nodes: [...graph.nodes].reverse() });
    }).toThrow("internal: example: y uses block/Conv before it is defined");
  });

  test("does not verify when a type is not the operator's", () => {
    const graph = exampleGraph();
    const [first, second] = graph.nodes;
    const wrong = { ...second!, output: { ...second!.output, shape: [1, 3, 2, 1] } } as typeof first & object;
    expect(() => {
      verify({ ...graph, nodes: [first!, wrong] });
    }).toThrow("y is float32 [1, 3, 2, 2], not float32 [1, 3, 2, 1]");
  });
});

describe("shape inference", () => {
  const value = (...shape: number[]): Value => ({ name: "v", dtype: "float32", shape });
  const builder = new GraphBuilder("inference");

  test("names the weight whose channels do not fit", () => {
    expect(() =>
      builder.apply("Conv", [value(1, 64, 8, 8), value(8, 128, 3, 3)], {
        strides: [1, 1],
        pads: [1, 1, 1, 1],
      }),
    ).toThrow("Conv: expected 128 channels for v, found [1, 64, 8, 8].");
  });

  test("does not take a kernel of a stack for a picture", () => {
    const attributes = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;
    const inputs = [value(1, 2, 8, 8), value(4, 2, 1, 3, 3)];
    expect(() => builder.apply("Conv", inputs, attributes)).toThrow(
      "found [1, 2, 8, 8] and [4, 2, 1, 3, 3].",
    );
    const stack = [value(1, 2, 5, 8, 9), value(4, 2, 1, 3, 3)];
    expect(builder.apply("Conv", stack, attributes).shape).toEqual([1, 4, 5, 8, 9]);
    const lastAxis = [value(1, 2, 8, 9, 5), value(4, 2, 3, 3, 1)];
    expect(builder.apply("Conv", lastAxis, { strides: [4, 4], pads: [1, 0, 1, 0] }).shape).toEqual([
      1, 4, 2, 2, 5,
    ]);
  });

  test("broadcasts as numpy does", () => {
    expect(builder.apply("Add", [value(2, 3, 4), value(3, 1)], {}).shape).toEqual([2, 3, 4]);
    expect(() => builder.apply("Mul", [value(2, 3), value(2)], {})).toThrow("expected shapes that broadcast");
  });

  test("multiplies matrices in batches", () => {
    expect(builder.apply("MatMul", [value(5, 2, 3), value(5, 3, 7)], {}).shape).toEqual([5, 2, 7]);
    expect(() => builder.apply("MatMul", [value(2, 3), value(2, 3)], {})).toThrow(
      "[..., M, K] and [..., K, N]",
    );
  });

  test("refuses a slice outside of the axis", () => {
    expect(() => builder.apply("Slice", [value(4)], { axes: [0], starts: [2], ends: [5] })).toThrow(
      "expected 0 <= start < end <= 4 on axis 0, found 2:5",
    );
  });

  test("refuses a reshape to another size", () => {
    expect(() => builder.apply("Reshape", [value(4)], { shape: [3] })).toThrow("a shape of 4 elements");
  });
});
