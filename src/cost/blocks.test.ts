import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import { liveBytes } from "../memory/index.ts";
import { rewrite } from "../rewrite/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { withBlocks } from "./blocks.ts";

const border = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;

/** A convolution of changing kernels, one of constant kernels of one channel, and one for whose gradient there is a composite. */
function graph(side: number): Graph {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [1, 16, side, side]);
  const w = builder.input("w", "float32", [16, 16, 3, 3]);
  const y = builder.labelled({ layer: "first" }, () => builder.apply("Conv", [x, w], border));
  const planes = builder.apply("Reshape", [y], { shape: [16, 1, side, side] });
  const tiles = builder.apply("Conv", [planes, builder.constant("t", Tensor.zeros([36, 1, 3, 3]))], border);
  const dw = builder.apply("Identity", [w], {});
  builder.composite({ kind: "WeightGradient", inputs: [x, y], output: dw, pads: [1, 1, 1, 1] });
  return builder.build({ tiles, dw });
}

const labelled = ({ nodes, composites }: Graph): boolean[] => [
  ...nodes.flatMap(({ operator, labels }) => (operator === "Conv" ? labels?.inBlocks === true : [])),
  ...composites.map((composite) => "inBlocks" in composite && composite.inBlocks === true),
];

describe("what is worth blocks", () => {
  test("is labelled, beside the labels that there are", () => {
    const large = withBlocks(graph(32));
    expect(labelled(large)).toEqual([true, true, true]);
    expect(large.nodes[0]!.labels).toEqual({ layer: "first", inBlocks: true });
  });

  test("is nothing that has few pixels, but for constant kernels, which cost nothing to rearrange", () => {
    expect(labelled(withBlocks(graph(8)))).toEqual([false, true, false]);
  });

  test("is nothing constant whose results are more than the cache holds", () => {
    expect(labelled(withBlocks(graph(128)))).toEqual([true, false, true]);
  });

  test("stays labelled when the graph is copied", () => {
    expect(labelled(rewrite(withBlocks(graph(32)), () => undefined))).toEqual([true, true, true]);
  });

  test("counts in memory as copies of the input and the output", () => {
    const [plain, inBlocks] = [graph(32), withBlocks(graph(32))].map((one) => liveBytes(one)[0]!);
    expect(inBlocks! - plain!).toBe(2 * 16 * 32 * 32 * 4);
  });
});
