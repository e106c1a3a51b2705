import { describe, expect, test } from "vitest";
import { readOnnx } from "../../../test/onnx/read-onnx.ts";
import { GraphBuilder } from "../../graph/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { encodeFrugalModel, weightsFirst } from "./frugal-model.ts";

const two = Tensor.from(Float32Array.of(1, 2), [2]);

describe("the order of nodes", () => {
  test("begins with what depends on weights alone, and is else the same", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [2]);
    const weight = builder.constant("weight", two);
    const ofInput = builder.apply("Exp", [x], {});
    const ofWeight = builder.apply("Exp", [builder.apply("Abs", [weight], {})], {});
    const sum = builder.apply("Add", [ofInput, ofWeight], {});
    const graph = builder.build({ y: builder.apply("Add", [sum, x], {}) });
    const [exp, abs, expOfAbs, ...sums] = graph.nodes;
    expect(weightsFirst(graph)).toEqual({ ...graph, nodes: [abs, expOfAbs, exp, ...sums] });
  });

  test("stays as it is where every node depends on an input", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [2]);
    const scaled = builder.apply("Mul", [x, builder.constant("weight", two)], {});
    const graph = builder.build({ y: builder.apply("Exp", [scaled], {}) });
    expect(weightsFirst(graph)).toEqual(graph);
  });
});

test("shapes of Reshape are inputs with a value, from which nothing is inferred", () => {
  const builder = new GraphBuilder("g");
  const x = builder.input("x", "float32", [2, 3]);
  const graph = builder.build({ y: builder.apply("Reshape", [x], { shape: [3, 2] }) });
  const { inputs, initializers, nodes } = readOnnx(
    encodeFrugalModel(graph, () => expect.fail("there is no weight")),
  );
  expect(inputs.map(({ name }) => name)).toEqual(["x", "y:shape"]);
  expect(initializers).toMatchObject([{ name: "y:shape", dims: [2] }]);
  expect(nodes).toMatchObject([{ operator: "Reshape", inputs: ["x", "y:shape"], outputs: ["y"] }]);
});
