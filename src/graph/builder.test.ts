import { describe, expect, test } from "vitest";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { GraphBuilder, GraphCopy, type Node } from "./index.ts";

const nodesOf = (nodes: readonly Node[]): string[] =>
  nodes.map(
    ({ output, operator, inputs }) =>
      `${output.name} = ${operator}(${inputs.map(({ name }) => name).join()})`,
  );

describe("names", () => {
  test("are unique, and carry the scopes in which they were made", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [1]);
    const again = builder.input("x", "float32", [1]);
    builder.scope("a", () => {
      builder.apply("Neg", [x], {});
      builder.scope("b", () => builder.apply("Neg", [again], {}));
      builder.apply("Neg", [x], {});
    });
    builder.apply("Neg", [x], {});
    expect(nodesOf(builder.nodes)).toEqual([
      "a/Neg = Neg(x)",
      "a/b/Neg = Neg(x_1)",
      "a/Neg_1 = Neg(x)",
      "Neg = Neg(x)",
    ]);
    expect(builder.inputs).toEqual([x, again]);
  });

  test("and labels are those of outside again after a body that fails", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [1]);
    const fail = (): never => {
      throw new Error("no");
    };
    expect(() => builder.scope("a", fail)).toThrow("no");
    expect(() => builder.labelled({ layer: "a" }, fail)).toThrow("no");
    builder.apply("Neg", [x], {});
    expect(builder.nodes[0]).toEqual({
      operator: "Neg",
      attributes: {},
      inputs: [x],
      output: { name: "Neg", dtype: "float32", shape: [1] },
    });
  });

  test("of what takes a node's place are in its scope, and in its layer", () => {
    const old = new GraphBuilder("old");
    const x = old.input("x", "float32", [1]);
    old.scope("a/b", () => old.labelled({ layer: "l", inBlocks: true }, () => old.apply("Neg", [x], {})));
    old.apply("Abs", [x], {});
    const builder = new GraphBuilder("new");
    const input = builder.input("x", "float32", [1]);
    for (const node of old.nodes) builder.insteadOf(node, () => builder.apply("Exp", [input], {}));
    expect(builder.nodes.map(({ output, labels }) => [output.name, labels])).toEqual([
      ["a/b/Exp", { layer: "l" }],
      ["Exp", undefined],
    ]);
  });
});

describe("initializers", () => {
  test("of one name are one value, the first", () => {
    const builder = new GraphBuilder("g");
    const stored = storeInMemory("w", Tensor.zeros([2, 3]));
    const w = builder.stored(stored, [6]);
    expect(w).toEqual({ name: "w", dtype: "float32", shape: [6] });
    expect(builder.stored(stored)).toBe(w);
    const c = builder.constant("c", Tensor.zeros([2]));
    expect(builder.constant("c", Tensor.zeros([3]))).toBe(c);
    expect(builder.stored(storeInMemory("v", Tensor.zeros([2, 3]))).shape).toEqual([2, 3]);
  });
});

describe("a graph that is built", () => {
  test("has what its outputs depend on, in order, and nothing else", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [2]);
    const unused = builder.input("unused", "float32", [2]);
    const used = builder.constant("used", Tensor.zeros([2]));
    const idle = builder.constant("idle", Tensor.zeros([2]));
    const first = builder.apply("Add", [x, used], {});
    builder.apply("Add", [unused, idle], {});
    const second = builder.apply("Neg", [first], {});
    const graph = builder.build({ b: second, a: first });
    expect(nodesOf(graph.nodes)).toEqual(["a = Add(x,used)", "b = Neg(a)"]);
    expect(graph.initializers.map(({ value }) => value.name)).toEqual(["used"]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "unused"]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(["b", "a"]);
    expect(graph.name).toBe("g");
  });

  test("has composites of what is left, over the names that values have in the end", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [1, 1, 1, 1]);
    const turned = builder.apply("Neg", [x], {});
    const dropped = builder.apply("Abs", [x], {});
    for (const output of [turned, dropped]) builder.composite({ kind: "TurnedKernel", inputs: [x], output });
    expect(builder.build({ y: turned }).composites).toEqual([
      { kind: "TurnedKernel", inputs: [x], output: { ...turned, name: "y" } },
    ]);
  });

  test("reads a Reshape of Reshapes at once, however many there are", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [4]);
    const reshape = (value: typeof x, shape: number[]) => builder.apply("Reshape", [value], { shape });
    const y = reshape(reshape(reshape(builder.apply("Neg", [x], {}), [2, 2]), [1, 4]), [4, 1]);
    expect(nodesOf(builder.build({ y }).nodes)).toEqual(["Neg = Neg(x)", "y = Reshape(Neg)"]);
  });

  test("must have results of nodes", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [1]);
    expect(() => builder.build({ y: x })).toThrow("internal: graph g: an output is not the result of a node");
  });
});

test("a gradient that is known is known of its output alone", () => {
  const builder = new GraphBuilder("g");
  const x = builder.input("x", "float32", [1]);
  const output = builder.apply("Neg", [x], {});
  const known = { inputs: [x], output, rule: () => [] };
  builder.knowGradient(known);
  expect(builder.knownGradientOf(output)).toBe(known);
  expect(builder.knownGradientOf(x)).toBeUndefined();
});

describe("a copy", () => {
  const source = () => {
    const builder = new GraphBuilder("source");
    const x = builder.input("x", "float32", [6]);
    const w = builder.stored(storeInMemory("w", Tensor.zeros([2, 3])), [6]);
    const c = builder.constant("c", Tensor.from(Float32Array.of(5), []));
    const sum = builder.labelled({ layer: "l" }, () => builder.apply("Add", [x, w], {}));
    return builder.build({ y: builder.apply("Mul", [sum, c], {}) });
  };

  test("brings initializers along as they are, and keeps labels and attributes", () => {
    const graph = source();
    const builder = new GraphBuilder("target");
    const copy = new GraphCopy(graph, builder);
    copy.set(graph.inputs[0]!, builder.input("x", "float32", [6]));
    for (const node of graph.nodes) copy.set(node.output, copy.apply(node));
    const copied = builder.build({ y: copy.at(graph.outputs[0]!) });
    expect(copied).toEqual({ ...graph, name: "target" });
  });

  test("takes other inputs and other labels where they are given", () => {
    const graph = source();
    const builder = new GraphBuilder("target");
    const copy = new GraphCopy(graph, builder, () => ({ layer: "other" }));
    const z = builder.input("z", "float32", [6]);
    copy.apply(graph.nodes[0]!, [z, z]);
    expect(nodesOf(builder.nodes)).toEqual(["Add = Add(z,z)"]);
    expect(builder.nodes[0]!.labels).toEqual({ layer: "other" });
  });

  test("says what is not copied yet", () => {
    const graph = source();
    const copy = new GraphCopy(graph, new GraphBuilder("target"));
    expect(() => copy.at(graph.inputs[0]!)).toThrow("internal: graph copy: x is not copied yet");
  });
});
