/** The plan of a whole graph, with prices that make the sums plain. */
import { expect, test } from "vitest";
import { defaultProfile, type CostProfile } from "../cost/index.ts";
import { GraphBuilder } from "../graph/index.ts";
import { graphPlan } from "./graph-plan.ts";

/** Nothing costs anything, but for one second of each million elements. */
const profile: CostProfile = { ...defaultProfile("cpu", 1), run: 0, element: 1e6, farElement: 1e6 };

/** x → (first: Relu, Reshape and back) → (nameless: Exp) → (second: Neg). */
function graph() {
  const builder = new GraphBuilder("example");
  const x = builder.input("x", "float32", [1, 2, 4, 8]);
  const first = builder.labelled({ layer: "first" }, () => {
    const positive = builder.apply("Relu", [x], {});
    return builder.apply("Reshape", [positive], { shape: [1, 8, 8] });
  });
  const exp = builder.apply("Exp", [first], {});
  const second = builder.labelled({ layer: "second" }, () =>
    builder.apply("Neg", [builder.apply("Reshape", [exp], { shape: [1, 2, 8, 4] })], {}),
  );
  return builder.build({ y: second });
}

test("a node without a layer belongs to the layer before", () => {
  const { layers } = graphPlan(graph(), profile);
  expect(layers.map(({ name }) => name)).toEqual(["first", "second"]);
});

test("nodes before the first layer belong to the graph", () => {
  const builder = new GraphBuilder("example");
  const x = builder.input("x", "float32", [1, 1, 2, 2]);
  const plan = graphPlan(builder.build({ y: builder.apply("Neg", [x], {}) }), profile);
  expect(plan.layers.map(({ name, shape }) => [name, shape])).toEqual([["example", [1, 1, 2, 2]]]);
});

test("a layer's time is that of its nodes, and the plan's that of its layers", () => {
  const { layers, seconds } = graphPlan(graph(), profile);
  // Relu and Exp of 64 elements in the first, Neg in the second; reshapes cost nothing.
  expect(layers.map((layer) => layer.seconds)).toEqual([128e-6, 64e-6]);
  expect(seconds).toBeCloseTo(192e-6, 12);
});

test("a layer's shape is that of its last result with four sides, reshapes aside", () => {
  const { layers } = graphPlan(graph(), profile);
  expect(layers.map(({ shape }) => shape)).toEqual([
    [1, 2, 4, 8],
    [1, 2, 8, 4],
  ]);
});

test("a layer's memory is the most that exists at one of its nodes, inputs and outputs of the graph with it", () => {
  const builder = new GraphBuilder("example");
  const x = builder.input("x", "float32", [1, 1, 4, 4]);
  const wide = builder.labelled({ layer: "wide" }, () => builder.apply("Concat", [x, x, x], { axis: 1 }));
  const y = builder.labelled({ layer: "narrow" }, () =>
    builder.apply("ReduceSum", [wide], { axes: [1], keepdims: true }),
  );
  const { layers } = graphPlan(builder.build({ y }), profile);
  const map = 16 * Float32Array.BYTES_PER_ELEMENT;
  // The input exists to the end, for it is the caller's.
  expect(layers.map(({ name, memoryBytes }) => [name, memoryBytes])).toEqual([
    ["wide", 4 * map],
    ["narrow", 5 * map],
  ]);
});
