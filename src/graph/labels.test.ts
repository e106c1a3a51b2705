import { expect, test } from "vitest";
import { rewrite, winograd } from "../rewrite/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { GraphBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";
import { print } from "./print.ts";

function labelled(): Graph {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [1, 4, 8, 8]);
  const weight = builder.constant("w", Tensor.zeros([4, 4, 3, 3]));
  const y = builder.labelled({ layer: "first" }, () =>
    builder.labelled({ inBlocks: true }, () =>
      builder.apply("Conv", [x, weight], { strides: [1, 1], pads: [1, 1, 1, 1] }),
    ),
  );
  return builder.build({ y: builder.apply("Relu", [y], {}) });
}

const labelsOf = ({ nodes }: Graph) => nodes.map(({ labels }) => labels);

test("labels are those of all bodies around a node, and none outside", () => {
  expect(labelsOf(labelled())).toEqual([{ layer: "first", inBlocks: true }, undefined]);
});

test("a rewrite keeps the labels of what it leaves as it is", () => {
  expect(labelsOf(rewrite(labelled(), () => undefined))).toEqual(labelsOf(labelled()));
});

test("what takes a node's place belongs to its layer, in a form of its own", () => {
  const graph = rewrite(
    labelled(),
    winograd(() => 4),
  );
  const form = { kind: "winograd", tile: 4 };
  const layers = graph.nodes.map(({ labels }) => labels?.layer);
  expect(new Set(layers.slice(0, -1))).toEqual(new Set(["first"]));
  expect(layers.at(-1)).toBeUndefined();
  expect(graph.nodes.flatMap(({ labels }) => labels?.convolution ?? [])).toEqual([
    { form, part: "input" },
    { form, part: "product" },
    { form, part: "output" },
  ]);
  expect(graph.nodes.some(({ labels }) => labels?.inBlocks)).toBe(false);
});

test("print shows labels and composites", () => {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [1, 2, 2, 2]);
  const convolution = { form: { kind: "winograd", tile: 2 }, part: "output" } as const;
  const y = builder.labelled({ layer: "a.b", convolution }, () => builder.apply("Neg", [x], {}));
  builder.composite({ kind: "TurnedKernel", inputs: [x], output: y });
  expect(print(builder.build({ y })).split("\n").slice(1, -1)).toEqual([
    "  y: float32[1, 2, 2, 2] = Neg(x) # a.b, Winograd 2x2 (output)",
    "  # y: TurnedKernel of x",
  ]);
});
