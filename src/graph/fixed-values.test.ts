import { expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { GraphBuilder } from "./builder.ts";
import { fixedValues } from "./fixed-values.ts";

test("values are fixed that no input of the graph reaches", () => {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [2]);
  const w = builder.constant("w", Tensor.zeros([2]));
  const scaled = builder.apply("Mul", [w, w], {});
  const sum = builder.apply("Add", [x, scaled], {});
  const graph = builder.build({ y: builder.apply("Mul", [sum, w], {}) });
  expect([...fixedValues(graph)]).toEqual(["w", scaled.name]);
});
