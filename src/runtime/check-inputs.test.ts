import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkInputs } from "./check-inputs.ts";

const builder = new GraphBuilder("sum");
const a = builder.input("a", "float32", [2, 1]);
const graph = builder.build({ y: builder.apply("Add", [a, builder.input("b", "float32", [2, 1])], {}) });
const fitting = Tensor.zeros([2, 1]);

describe("checkInputs", () => {
  test("takes exactly the graph's inputs, and leaves out those of a state", () => {
    checkInputs(graph, { a: fitting, b: fitting });
    checkInputs(graph, { a: fitting }, ["b"]);
    // What is given is taken instead of the state's.
    checkInputs(graph, { a: fitting, b: fitting }, ["b"]);
  });

  test.each<[string, Record<string, Tensor>, readonly string[], string]>([
    ["a missing one", { a: fitting }, [], "sum: expected input b to be float32 [2, 1], found none."],
    ["one that no state has", { a: fitting }, ["c"], "expected input b to be float32 [2, 1], found none."],
    [
      "another dtype",
      { a: Tensor.zeros([2, 1], "float64"), b: fitting },
      [],
      "sum: expected input a to be float32 [2, 1], found float64 [2, 1].",
    ],
    ["another shape", { a: fitting, b: Tensor.zeros([2]) }, [], "found float32 [2]."],
    [
      "another shape in a state's place",
      { a: fitting, b: Tensor.zeros([1, 2]) },
      ["b"],
      "found float32 [1, 2].",
    ],
    ["an unknown one", { a: fitting, b: fitting, c: fitting }, [], "sum: no input c; it has a, b."],
  ])("refuses %s", (_, inputs, stateNames, message) => {
    const check = (): void => {
      checkInputs(graph, inputs, stateNames);
    };
    expect(check).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(check).toThrow(message);
  });
});
