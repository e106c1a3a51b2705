import { expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { GraphBuilder } from "./builder.ts";
import { fixedValues, foldedBytes } from "./fixed-values.ts";

test("values are fixed that no input of the graph reaches", () => {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [2]);
  const w = builder.constant("w", Tensor.zeros([2]));
  const scaled = builder.apply("Mul", [w, w], {});
  const sum = builder.apply("Add", [x, scaled], {});
  const graph = builder.build({ y: builder.apply("Mul", [sum, w], {}) });
  expect([...fixedValues(graph)]).toEqual(["w", scaled.name]);
});

test("what would be computed once is what other nodes read of them, and results", () => {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [2]);
  const w = builder.constant("w", Tensor.zeros([2]));
  const squares = builder.apply("Mul", [w, w], {});
  const fourth = builder.apply("Mul", [squares, squares], {});
  const y = builder.apply("Add", [x, fourth], {});
  expect(foldedBytes(builder.build({ y }))).toBe(8);
  expect(foldedBytes(builder.build({ y, squares }))).toBe(16);
  expect(foldedBytes(builder.build({ y: builder.apply("Add", [x, w], {}) }))).toBe(0);
});
