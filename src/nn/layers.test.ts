import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph, type Node, type Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  activations,
  attention,
  batchNorm,
  conv2d,
  dense,
  groupNorm,
  linear,
  upsampleConv2d,
  type ModuleContext,
} from "./index.ts";

/** A module's graph, and the parameters that it asked for: name → shape in the checkpoint, and as it is read. */
function graphOf(
  shape: Shape,
  build: (context: ModuleContext, x: Value) => Value,
  isTraining = false,
): { graph: Graph; parameters: Record<string, readonly [Shape, Shape]>; builder: GraphBuilder; y: Value } {
  const builder = new GraphBuilder("module");
  const parameters: Record<string, readonly [Shape, Shape]> = {};
  const context: ModuleContext = {
    builder,
    isTraining,
    parameter: (name, stored, view = stored) => {
      parameters[name] = [stored, view];
      return builder.constant(name, Tensor.zeros(view));
    },
  };
  const y = build(context, builder.input("x", "float32", shape));
  return { graph: builder.build({ y }), parameters, builder, y };
}

const operatorsOf = ({ nodes }: Graph): string[] => nodes.map(({ operator }) => operator);
const only = ({ nodes }: Graph, operator: string): Node => nodes.find((node) => node.operator === operator)!;

describe("a convolution", () => {
  const one = (options: Partial<Parameters<typeof conv2d>[3]> = {}) =>
    graphOf([1, 4, 8, 8], (context, x) =>
      conv2d(context, "a.conv", x, { outChannels: 6, kernelSize: 3, ...options }),
    );

  test("has its weights, a border of 1, stride 1 and its layer's name", () => {
    const { graph, parameters } = one();
    expect(parameters).toEqual({
      "a.conv.weight": [
        [6, 4, 3, 3],
        [6, 4, 3, 3],
      ],
      "a.conv.bias": [[6], [6]],
    });
    expect(graph.nodes).toEqual([
      expect.objectContaining({
        operator: "Conv",
        attributes: { strides: [1, 1], pads: [1, 1, 1, 1] },
        labels: { layer: "a.conv" },
      }),
    ]);
  });

  test("has no border around a kernel of 1, one around a kernel of 4, and what is asked for", () => {
    const attributes = (options: Parameters<typeof one>[0]) => only(one(options).graph, "Conv").attributes;
    expect(attributes({ kernelSize: 1 })).toEqual({ strides: [1, 1], pads: [0, 0, 0, 0] });
    expect(attributes({ kernelSize: 4, stride: 2 })).toEqual({ strides: [2, 2], pads: [1, 1, 1, 1] });
    expect(attributes({ pads: [0, 0, 1, 1], stride: 2 })).toEqual({ strides: [2, 2], pads: [0, 0, 1, 1] });
    expect(one({ bias: false }).graph.nodes[0]!.inputs).toHaveLength(2);
    expect(one({ bias: false }).parameters).not.toHaveProperty(["a.conv.bias"]);
  });

  test("takes Winograd's form in training alone, where that is faster", () => {
    const wide = (isTraining: boolean, options: Partial<Parameters<typeof conv2d>[3]> = {}): string[] =>
      operatorsOf(
        graphOf(
          [1, 128, 16, 16],
          (context, x) => conv2d(context, "c", x, { outChannels: 128, kernelSize: 3, ...options }),
          isTraining,
        ).graph,
      );
    expect(wide(false)).toEqual(["Conv"]);
    expect(wide(true)).toContain("MatMul");
    expect(wide(true, { outChannels: 64 })).toEqual(["Conv"]);
    expect(wide(true, { stride: 2 })).toEqual(["Conv"]);
    expect(wide(true, { pads: [0, 0, 1, 1] })).toEqual(["Conv"]);
    expect(wide(true, { kernelSize: 1 })).toEqual(["Conv"]);
  });
});

describe("a linear layer", () => {
  test("over the last axis is a product with the transposed weight, and a bias", () => {
    const { graph, parameters } = graphOf([2, 5], (context, x) => dense(context, "fc", x, 3));
    expect(parameters).toEqual({
      "fc.weight": [
        [3, 5],
        [3, 5],
      ],
      "fc.bias": [[3], [3]],
    });
    expect(operatorsOf(graph)).toEqual(["Transpose", "MatMul", "Add"]);
    expect(graph.outputs[0]!.shape).toEqual([2, 3]);
    for (const { labels } of graph.nodes) expect(labels).toEqual({ layer: "fc" });
  });

  test("over channels is a 1x1 convolution of the same bytes", () => {
    const { graph, parameters } = graphOf([1, 4, 2, 2], (context, x) => linear(context, "to_q", x));
    expect(parameters).toEqual({
      "to_q.weight": [
        [4, 4],
        [4, 4, 1, 1],
      ],
      "to_q.bias": [[4], [4]],
    });
    expect(only(graph, "Conv").attributes).toEqual({ strides: [1, 1], pads: [0, 0, 0, 0] });
  });
});

describe("group normalisation", () => {
  const norm = (isTraining: boolean, epsilon?: number) =>
    graphOf([2, 6, 4, 5], (context, x) => groupNorm(context, "n", x, 3, epsilon), isTraining);

  test("is known as a whole, with diffusers' epsilon unless another is given", () => {
    for (const [given, epsilon] of [
      [undefined, 1e-6],
      [0.5, 0.5],
    ] as const) {
      const { graph, parameters } = norm(false, given);
      expect(graph.composites).toEqual([
        expect.objectContaining({ kind: "GroupNormalization", groups: 3, epsilon, output: graph.outputs[0] }),
      ]);
      expect(graph.composites[0]!.inputs.map(({ name }) => name)).toEqual(["x", "n.weight", "n.bias"]);
      expect(only(graph, "InstanceNormalization").attributes).toEqual({ epsilon });
      expect(only(graph, "InstanceNormalization").output.shape).toEqual([2, 3, 40]);
      expect(parameters).toEqual({ "n.weight": [[6], [6, 1, 1]], "n.bias": [[6], [6, 1, 1]] });
    }
  });

  test("by its moments is what training takes, with a gradient of its own", () => {
    const { graph, builder, y } = norm(true, 0.5);
    expect(operatorsOf(graph)).not.toContain("InstanceNormalization");
    expect(graph.composites).toEqual([]);
    expect(graph.initializers.map(({ value }) => value.name)).toContain("float32(0.5)");
    expect(builder.knownGradientOf(y)!.inputs.map(({ name }) => name)).toEqual(["x", "n.weight", "n.bias"]);
  });
});

describe("batch normalisation", () => {
  test("has PyTorch's epsilon, over batch and pixels", () => {
    const { graph } = graphOf([2, 3, 4, 5], (context, x) => batchNorm(context, "n", x));
    expect(only(graph, "InstanceNormalization")).toMatchObject({
      attributes: { epsilon: 1e-5 },
      output: { shape: [1, 3, 40] },
    });
    expect(graph.outputs[0]!.shape).toEqual([2, 3, 4, 5]);
  });

  test("is refused for one value only", () => {
    const make = (shape: Shape) => () => graphOf(shape, (context, x) => batchNorm(context, "n", x));
    expect(make([1, 3, 1, 1])).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(
          /^n: batch normalisation needs more than one value for each channel, found \[1, 3, 1, 1\]/,
        ) as string,
      }),
    );
    for (const shape of [
      [2, 3, 1, 1],
      [1, 3, 2, 1],
      [1, 3, 1, 2],
    ])
      expect(make(shape)).not.toThrow();
  });
});

describe("attention", () => {
  const attended = (height: number, width: number): Graph =>
    graphOf([1, 4, height, width], (context, x) =>
      attention(context, "attn", x, (h) => groupNorm(context, "attn.group_norm", h, 2)),
    ).graph;
  const chunks = (graph: Graph): number =>
    graph.nodes.filter(({ operator }) => operator === "Softmax").length;

  test("is known as a whole, by its queries, keys and values", () => {
    const graph = attended(2, 3);
    expect(graph.composites.map(({ kind }) => kind)).toEqual(["GroupNormalization", "Attention"]);
    const layers = new Set(graph.nodes.map(({ labels }) => labels?.layer));
    for (const name of ["group_norm", "to_q", "to_k", "to_v", "to_out.0"])
      expect(layers).toContain(`attn.${name}`);
    const { inputs } = graph.composites[1]!;
    const layerOf = (value: Value): string | undefined =>
      graph.nodes.find(({ output }) => output.name === value.name)?.labels?.layer;
    expect(inputs.map(layerOf)).toEqual(["attn.to_q", "attn.to_k", "attn.to_v"]);
  });

  test("takes all queries at once up to 2^21 scores, then so many, and never fewer than 64", () => {
    expect(chunks(attended(8, 181))).toBe(1); // 1448 pixels: 2096704 scores.
    expect(chunks(attended(1, 1449))).toBe(2);
    expect(chunks(attended(64, 64))).toBe(8);
    expect(chunks(attended(256, 256))).toBe(65_536 / 64);
    const sizes = attended(1, 1449).nodes.flatMap((node) =>
      node.operator === "Slice" ? [[node.attributes.starts, node.attributes.ends]] : [],
    );
    expect(sizes).toEqual([
      [[0], [1447]],
      [[1447], [1449]],
    ]);
  });

  test("scales the queries by 1 / √C", () => {
    const scale = attended(2, 3).initializers.find(({ value }) => value.name === "attention_scale_4")!;
    expect(scale.data).toMatchObject({ constant: { data: Float32Array.of(0.5) } });
  });
});

describe("upsampling", () => {
  test("repeats pixels 2x2 before a convolution of as many channels", () => {
    const { graph } = graphOf([1, 4, 3, 5], (context, x) => upsampleConv2d(context, "up", x));
    expect(operatorsOf(graph)).toEqual(["Resize", "Conv"]);
    expect(only(graph, "Resize").attributes).toEqual({ scales: [2, 2] });
    expect(graph.outputs[0]!.shape).toEqual([1, 4, 6, 10]);
  });

  test("is folded in training, with the gradient of the plain form", () => {
    const { graph, builder, y } = graphOf(
      [1, 4, 3, 5],
      (context, x) => upsampleConv2d(context, "up", x),
      true,
    );
    expect(operatorsOf(graph)).not.toContain("Resize");
    const known = builder.knownGradientOf(y)!;
    expect(known.inputs.map(({ shape }) => shape)).toEqual([[1, 4, 6, 10]]);
    expect(
      known.rule(
        y,
        () => true,
        (value) => value,
      ),
    ).toEqual([y]);
  });
});

test("activations are what their names say", () => {
  const operators = (name: keyof typeof activations): string[] =>
    operatorsOf(graphOf([2], ({ builder }, x) => activations[name](builder, x)).graph);
  expect(operators("silu")).toEqual(["Sigmoid", "Mul"]);
  expect(activations.swish).toBe(activations.silu);
  expect(operators("mish")).toEqual(["Softplus", "Tanh", "Mul"]);
  expect(operators("gelu")).toEqual(["Mul", "Erf", "Add", "Mul", "Mul"]);
  expect(operators("relu")).toEqual(["Relu"]);
});
