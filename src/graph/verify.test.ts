import { describe, expect, test } from "vitest";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { GraphBuilder, verify, type Graph, type Node } from "./index.ts";

/** y = (x · w + c) */
function graph(): Graph {
  const builder = new GraphBuilder("g");
  const x = builder.input("x", "float32", [2, 3]);
  const w = builder.stored(storeInMemory("w", Tensor.zeros([3, 4])));
  const c = builder.constant("c", Tensor.zeros([4]));
  const product = builder.apply("MatMul", [x, w], {});
  return builder.build({ y: builder.apply("Add", [product, c], {}) });
}

const changed = (change: (g: Graph) => Partial<Graph>): Graph => {
  const g = graph();
  return { ...g, ...change(g) };
};

const withOutput = (node: Node, output: Partial<Node["output"]>): Node => ({
  ...node,
  output: { ...node.output, ...output },
});

test("a graph as it was built is verified", () => {
  expect(() => {
    verify(graph());
  }).not.toThrow();
});

describe("a broken promise is named:", () => {
  const cases: readonly [string, Graph, string][] = [
    [
      "two inputs of one name",
      changed(({ inputs }) => ({ inputs: [...inputs, ...inputs] })),
      "g: x is defined twice",
    ],
    [
      "an initializer with the name of an input",
      changed(({ initializers, inputs }) => ({
        initializers: [...initializers, { value: inputs[0]!, data: { constant: Tensor.zeros([2, 3]) } }],
      })),
      "g: x is defined twice",
    ],
    [
      "two nodes that make one value",
      changed(({ nodes }) => ({ nodes: [...nodes, nodes[1]!] })),
      "g: y is defined twice",
    ],
    ["an input that nobody made", changed(() => ({ inputs: [] })), "g: MatMul uses x before it is defined"],
    [
      "a weight that is not there",
      changed(() => ({ initializers: [] })),
      "g: MatMul uses w before it is defined",
    ],
    [
      "a node before what it reads",
      changed(({ nodes }) => ({ nodes: nodes.toReversed() })),
      "g: y uses MatMul before it is defined",
    ],
    [
      "a result that no node makes",
      changed(({ outputs }) => ({ outputs: [...outputs, { ...outputs[0]!, name: "z" }] })),
      "g: the list of outputs uses z before it is defined",
    ],
    [
      "a result of another shape",
      changed(({ outputs }) => ({ outputs: [{ ...outputs[0]!, shape: [8] }] })),
      "g: the list of outputs: y is float32 [2, 4], not float32 [8]",
    ],
    [
      "a value that is read with another dtype than it was made with",
      changed(({ inputs }) => ({ inputs: [{ ...inputs[0]!, dtype: "float64" }] })),
      "g: MatMul: x is float64 [2, 3], not float32 [2, 3]",
    ],
    [
      "a shape that is not the operator's",
      changed(({ nodes: [first, second] }) => ({ nodes: [first!, withOutput(second!, { shape: [4, 2] })] })),
      "g: Add: y is float32 [2, 4], not float32 [4, 2]",
    ],
    [
      "a dtype that is not the operator's",
      changed(({ nodes: [first, second] }) => ({
        nodes: [first!, withOutput(second!, { dtype: "float16" })],
      })),
      "g: Add: y is float32 [2, 4], not float16 [2, 4]",
    ],
    [
      "a weight with too few bytes",
      changed(({ initializers: [w, c] }) => ({
        initializers: [{ ...w!, data: { stored: storeInMemory("w", Tensor.zeros([3, 3])) } }, c!],
      })),
      "w: float32 [3, 4] cannot hold float32 [3, 3]",
    ],
    [
      "a constant of another dtype",
      changed(({ initializers: [w, c] }) => ({
        initializers: [w!, { ...c!, data: { constant: Tensor.from(new Float64Array(4), [4]) } }],
      })),
      "c: float32 [4] cannot hold float64 [4]",
    ],
  ];

  test.each(cases)("%s", (_, broken, message) => {
    expect(() => {
      verify(broken);
    }).toThrow(expect.objectContaining({ message: expect.stringMatching(/^internal: /) as string }));
    expect(() => {
      verify(broken);
    }).toThrow(message);
  });
});

test("a weight may be seen under another shape with as many elements", () => {
  const seen = changed(({ initializers: [w, c] }) => ({
    initializers: [{ ...w!, data: { stored: storeInMemory("w", Tensor.zeros([12])) } }, c!],
  }));
  expect(() => {
    verify(seen);
  }).not.toThrow();
});

test.each([[undefined], [null], [{}], ["graph"], [{ inputs: [], initializers: [], nodes: [] }]])(
  "%o is no graph",
  (value) => {
    expect(() => {
      verify(value as unknown as Graph);
    }).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  },
);
