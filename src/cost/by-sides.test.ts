/** When tiles that are transformed side by side are chosen, and that their nodes are priced as the choice was. */
import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph, type NodeOf } from "../graph/index.ts";
import { rewrite, upsamplingInTiles, winograd } from "../rewrite/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { chooseForm, chooseTile } from "./choose.ts";
import { secondsOf, shapeOfConvolution, workOf, workOfTiles } from "./cost-profile.ts";
import { defaultProfile } from "./cost-table.ts";
import { secondsOfGraph } from "./estimate.ts";
import { isFasterInTiles, pairTiles } from "./upsampling.ts";

const wasm = defaultProfile("wasm", 1);
const prices = wasm.sidedTiles!;

function graphOf(inChannels: number, outChannels: number, side: number, kernelSize = 3, scale = 1): Graph {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [1, inChannels, side, side]);
  const read = scale === 1 ? x : builder.apply("Resize", [x], { scales: [scale, scale] });
  const weight = builder.constant("w", Tensor.zeros([outChannels, inChannels, kernelSize, kernelSize]));
  const y = builder.apply("Conv", [read, weight], { strides: [1, 1], pads: [1, 1, 1, 1] });
  return builder.build({ y });
}
const convolution = (...sizes: Parameters<typeof graphOf>): NodeOf<"Conv"> =>
  graphOf(...sizes).nodes.at(-1) as NodeOf<"Conv">;

describe("in WebAssembly, one thread", () => {
  const choose = chooseForm(wasm);

  // What was measured: 31.8, 25.0 and 21.3 ms; 15.8, 16.8 and 11.6; 14.0, 8.6 and 8.8; 13.7, 5.7 and 7.7; 7.2, 2.8 and 4.4.
  test.each([
    [32, 16, 256, "4x1"],
    [16, 16, 256, "4x1"],
    [32, 32, 128, "4x4"],
    [64, 64, 64, "4x4"],
    [96, 96, 32, "4x4"],
    [512, 512, 64, "4x4"],
  ] as const)("%i to %i channels of %i pixels take %s", (inChannels, outChannels, side, tile) => {
    expect(choose(convolution(inChannels, outChannels, side))).toBe(tile);
  });

  test("other kernels are left as they are, and a few pixels take no more than a small tile", () => {
    expect(choose(convolution(64, 64, 64, 1))).toBeUndefined();
    expect(choose(convolution(64, 64, 2))).toBe(2);
  });

  test("upsampling takes tiles unless its kernels are most of it", () => {
    const sizes = { batch: 1, inChannels: 96, outChannels: 96 };
    expect(isFasterInTiles({ ...sizes, height: 32, width: 32 }, wasm)).toBe(true);
    expect(isFasterInTiles({ ...sizes, height: 1, width: 1 }, wasm)).toBe(false);
  });
});

test("without prices for them nothing takes them", () => {
  const native = defaultProfile("cpu", 1);
  const conv = convolution(96, 96, 128);
  expect(chooseForm(native)(conv)).toBe(chooseTile(native)(conv));
  const shape = { batch: 1, inChannels: 96, outChannels: 96, height: 32, width: 32 };
  expect(isFasterInTiles(shape, native)).toBe(false);
});

describe("a graph's nodes take together what the choice was made by", () => {
  // Rounded up to whole tiles, as the prices are.
  test.each(["4x4", "4x1"] as const)("in tiles of %s", (tile) => {
    const graph = graphOf(32, 24, 64);
    const rewritten = rewrite(
      graph,
      winograd(() => tile),
    );
    const expected = secondsOf(workOf(shapeOfConvolution(graph.nodes[0]!), tile), prices[tile]);
    expect(secondsOfGraph(rewritten, wasm) / expected).toBeCloseTo(1, 6);
  });

  test("after upsampling, beside the cut at its edges", () => {
    const [inChannels, outChannels, side] = [32, 24, 62];
    const rewritten = rewrite(
      graphOf(inChannels, outChannels, side, 3, 2),
      upsamplingInTiles(() => true),
    );
    const [down, across] = pairTiles({ height: side, width: side });
    const work = workOfTiles({ inChannels, outChannels: 4 * outChannels, tiles: down * across, factors: 16 });
    const cut = (outChannels * (2 * side) ** 2 * wasm.element) / 1e12;
    expect(secondsOfGraph(rewritten, wasm) / (secondsOf(work, prices["4x4"]) + cut)).toBeCloseTo(1, 6);
  });
});
