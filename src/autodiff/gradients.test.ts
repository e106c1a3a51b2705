/** The structure of gradient graphs; their numbers are in test/autodiff. */
import { describe, expect, test } from "vitest";
import { GraphBuilder, print, verify, type Pads, type Value } from "../graph/index.ts";
import { encodeModel } from "../onnx/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { gradients, gradientRules } from "./index.ts";

const noWeights = (): never => {
  throw new Error("the graph has no stored weights");
};

describe("the gradient of a small graph", () => {
  const builder = new GraphBuilder("step");
  const x = builder.input("x", "float32", [2, 3]);
  const weight = builder.input("weight", "float32", [3, 1]);
  const product = builder.scope("dense", () => builder.apply("MatMul", [x, weight], {}));
  const rectified = builder.apply("Relu", [product], {});
  const loss = builder.apply("ReduceMean", [rectified], { axes: [0, 1], keepdims: false });
  const [found] = gradients(builder, [{ value: loss }], [weight]);
  const graph = builder.build({ loss, "weight.gradient": found! });

  test("is part of the same graph, last node first, under names of its own", () => {
    const lines = print(graph)
      .split("\n")
      .map((line) => line.trim());
    expect(lines[0]).toBe(
      "graph step(x: float32[2, 3], weight: float32[3, 1]) -> (loss: float32[], weight.gradient: float32[3, 1]) {",
    );
    const names = graph.nodes.map(({ output }) => output.name);
    expect(names.slice(0, 3)).toEqual(["dense/MatMul", "Relu", "loss"]);
    expect(names.at(-1)).toBe("weight.gradient");
    expect(names.slice(3, -1).every((name) => name.startsWith("gradients/"))).toBe(true);
    expect(lines.at(-2)).toMatch(/^weight\.gradient: float32\[3, 1\] = MatMul\(/);
  });

  test("keeps the graph's promises", () => {
    expect(() => {
      verify(graph);
    }).not.toThrow();
  });

  test("computes nothing for an input whose gradient is not asked for", () => {
    // The gradient of x would be a second product behind that of the forward pass and that of the weight.
    expect(graph.nodes.filter(({ operator }) => operator === "MatMul")).toHaveLength(2);
  });

  test("can be written as an ONNX model, whose bytes are the same each time", () => {
    const model = encodeModel(graph, noWeights);
    expect(model.byteLength).toBeGreaterThan(100);
    expect(encodeModel(graph, noWeights)).toEqual(model);
  });
});

describe("what is asked for decides what is built", () => {
  test("a value without a path costs no node, only a constant of zeros", () => {
    const builder = new GraphBuilder("apart");
    const x = builder.input("x", "float64", [2]);
    const other = builder.input("other", "float64", [3]);
    const loss = builder.apply("ReduceSum", [x], { axes: [0], keepdims: false });
    const [zeros] = gradients(builder, [{ value: loss }], [other]);
    expect(builder.nodes).toHaveLength(1);
    expect(zeros).toMatchObject({ dtype: "float64", shape: [3] });
  });

  test("nothing behind a stop is differentiated", () => {
    const builder = new GraphBuilder("stopped");
    const x = builder.input("x", "float32", [2]);
    const frozen = builder.apply("Exp", [x], {});
    const loss = builder.apply("ReduceSum", [frozen], { axes: [0], keepdims: false });
    gradients(builder, [{ value: loss }], [x], { stopAt: [frozen] });
    expect(builder.nodes.map(({ operator }) => operator)).toEqual(["Exp", "ReduceSum"]);
  });

  test("a branch that ends nowhere is left alone", () => {
    const builder = new GraphBuilder("branch");
    const x = builder.input("x", "float32", [2]);
    builder.apply("Sign", [x], {});
    const loss = builder.apply("ReduceSum", [x], { axes: [0], keepdims: false });
    expect(() => gradients(builder, [{ value: loss }], [x])).not.toThrow();
  });

  test("no target gives zeros", () => {
    const builder = new GraphBuilder("empty");
    const x = builder.input("x", "float32", [2]);
    expect(gradients(builder, [], [x])[0]!.shape).toEqual([2]);
  });

  test("two calls on one builder do not see each other's names", () => {
    const builder = new GraphBuilder("twice");
    const x = builder.input("x", "float32", [2]);
    const loss = builder.apply("ReduceSum", [builder.apply("Exp", [x], {})], { axes: [0], keepdims: false });
    const [first] = gradients(builder, [{ value: loss }], [x]);
    const [second] = gradients(builder, [{ value: loss }], [x]);
    expect(first!.name).not.toBe(second!.name);
    expect(() => {
      verify(builder.build({ loss, first: first!, second: second! }));
    }).not.toThrow();
  });
});

describe("what cannot be differentiated is refused:", () => {
  const builder = new GraphBuilder("refused");
  const picture = builder.input("picture", "float32", [1, 2, 6, 6]);
  const summed = (value: Value): Value =>
    builder.apply("ReduceSum", [value], { axes: [0, 1, 2, 3], keepdims: false });
  const differentiate = (value: Value) => (): unknown =>
    gradients(builder, [{ value: summed(value) }], [picture]);

  test("a loss of several elements", () => {
    expect(() => gradients(builder, [{ value: picture }], [picture])).toThrow(
      "gradients: expected a loss of one element, found picture [1, 2, 6, 6]. Give the gradient of a larger target.",
    );
  });

  test("an operator without a gradient, by name and reason", () => {
    const sign = builder.scope("mask", () => builder.apply("Sign", [picture], {}));
    expect(differentiate(sign)).toThrow("mask/Sign: Sign has no gradient: it is constant between its jumps");
  });

  test.each(["MaxPool", "AveragePool"] as const)("%s with windows that overlap", (operator) => {
    const pooled = builder.apply(operator, [picture], { kernelShape: [3, 3], strides: [2, 2] });
    expect(differentiate(pooled)).toThrow("expected strides [3, 3], found [2, 2]");
  });

  test("a transposed convolution with output padding", () => {
    const weight = builder.constant("weight", Tensor.zeros([2, 1, 3, 3]));
    const pads: Pads = [0, 0, 0, 0];
    const grown = builder.apply("ConvTranspose", [picture, weight], {
      strides: [2, 2],
      pads,
      outputPadding: [1, 1],
    });
    expect(differentiate(grown)).toThrow("ConvTranspose with output padding has no gradient rule.");
  });

  test("a convolution in groups", () => {
    const weight = builder.constant("of groups", Tensor.zeros([2, 1, 3, 3]));
    const convolved = builder.apply("Conv", [picture, weight], {
      strides: [1, 1],
      pads: [0, 0, 0, 0],
      group: 2,
    });
    expect(differentiate(convolved)).toThrow("a convolution in groups has no gradient");
  });

  test("a seed of another shape than its target", () => {
    const seed = builder.input("seed", "float32", [1, 2, 6, 5]);
    const target = builder.apply("Exp", [picture], {});
    expect(() => gradients(builder, [{ value: target, gradient: seed }], [picture])).toThrow(
      /the gradient of Exp\S* is not of its shape: seed/,
    );
  });
});

test("every operator has a rule or a reason", () => {
  for (const [name, rule] of Object.entries(gradientRules)) {
    const isExplained = typeof rule === "function" || rule.reason.length > 20;
    expect(isExplained, name).toBe(true);
  }
});
