/** The plan of a program of strips that is written by hand, with prices that make the sums plain. */
import { describe, expect, test } from "vitest";
import { defaultProfile, type CostProfile } from "../cost/index.ts";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import type { StripProgram } from "../strips/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { secondsOfProgram, stripPlan } from "./strip-plan.ts";

const prices = { run: 1e9, element: 1e4 };
const profile: CostProfile = { ...defaultProfile("cpu", 1), ...prices, farElement: prices.element };
/** Picoseconds for an element of a map that a strip reads or makes, and of one that goes to the file or back. */
const crossing = 550;
const file = 2500;

/** A strip [1, 2, 4, 3] and a weight [3] → their sum, and its first two columns. */
function stripGraph(): Graph {
  const builder = new GraphBuilder("strip");
  const x = builder.input("x", "float32", [1, 2, 4, 3]);
  const w = builder.input("w", "float32", [3]);
  const y = builder.labelled({ layer: "sum" }, () => builder.apply("Add", [x, w], {}));
  const narrow = builder.apply("Slice", [y], { axes: [2], starts: [0], ends: [2] });
  return builder.build({ y, narrow });
}

function weightsGraph(): Graph {
  const builder = new GraphBuilder("weights");
  const w = builder.constant("w", Tensor.zeros([3]));
  return builder.build({ transformed: builder.apply("Neg", [w], {}) });
}

const strip = [1, 2, 4, 3];
const narrow = [1, 2, 2, 3];
const run = (x: number, y: number, z: number) =>
  ({
    kind: "run",
    of: "strip",
    graph: 0,
    inputs: { x, w: 0 },
    outputs: { y, narrow: z },
    segment: 1,
  }) as const;

/** Two strips, the first of which waits in the file. */
function program(): StripProgram {
  const builder = new GraphBuilder("example");
  const input = builder.input("x", "float32", [1, 3, 4, 4]);
  return {
    name: "example",
    input,
    output: input,
    shapes: [[3], strip, strip, strip, narrow, strip, narrow],
    maps: [
      [1, 2],
      [3, 5],
      [4, 6],
    ],
    graphs: [stripGraph()],
    weights: [weightsGraph()],
    operations: [
      { kind: "weights", graph: 0, outputs: { transformed: 0 }, segment: 0 },
      { kind: "feed", tensor: 1, rows: { begin: 0, end: 2 }, segment: 0 },
      run(1, 3, 4),
      { kind: "store", tensor: 3, place: 0, segment: 1 },
      { kind: "feed", tensor: 2, rows: { begin: 2, end: 4 }, segment: 1 },
      run(2, 5, 6),
      { kind: "load", tensor: 3, place: 0, segment: 2 },
      { kind: "fetch", tensor: 3, rows: { begin: 0, end: 2 }, segment: 2 },
      { kind: "fetch", tensor: 5, rows: { begin: 2, end: 4 }, segment: 2 },
    ],
    segments: [
      { kind: "local", layers: [] },
      { kind: "local", layers: ["sum"] },
      { kind: "attention", layers: ["attention"] },
    ],
  };
}

const elements = 24;
/** What a strip reads of maps and makes: the weight is no map. */
const crossed = elements + elements + 12;
const seconds = {
  weights: (prices.run + 3 * prices.element) / 1e12,
  feed: (elements * prices.element) / 1e12,
  // The sum moves 24 elements, and the slice the 12 that it gives.
  run: (prices.run + crossing * crossed + (elements + 12) * prices.element) / 1e12,
  file: (file * elements) / 1e12,
};

describe("the plan of a program of strips", () => {
  const { layers, seconds: all } = stripPlan(program(), profile);

  test("has a layer for each segment, named by what it computes or by the layer before", () => {
    expect(layers.map(({ name }) => name)).toEqual(["example", "sum", "attention"]);
  });

  test("sums up the times of its operations", () => {
    const expected = [
      seconds.weights + seconds.feed,
      2 * seconds.run + seconds.file + seconds.feed,
      seconds.file + 2 * seconds.feed,
    ];
    for (const [index, layer] of layers.entries()) expect(layer.seconds).toBeCloseTo(expected[index]!, 12);
    expect(all).toBeCloseTo(
      expected.reduce((sum, each) => sum + each),
      12,
    );
    expect(secondsOfProgram(program(), profile)).toBeCloseTo(all, 12);
  });

  test("counts strips, and puts them below each other for the layer's shape", () => {
    expect(layers.map(({ strips }) => strips)).toEqual([0, 2, 0]);
    // Of its first map: 3 channels, 2 + 2 rows, 4 columns.
    expect(layers.map(({ shape }) => shape)).toEqual([[], [1, 3, 4, 4], []]);
  });

  test("takes no shape from results with other sides than a map's", () => {
    const builder = new GraphBuilder("tokens");
    const x = builder.input("x", "float32", [1, 2, 4, 3]);
    const y = builder.apply("Neg", [x], {});
    const tokens = builder.apply("Reshape", [y], { shape: [1, 8, 3] });
    const operation = {
      kind: "run",
      of: "strip",
      graph: 0,
      inputs: { x: 1 },
      outputs: { tokens: 2, y: 3 },
      segment: 0,
    } as const;
    const { layers: found } = stripPlan(
      {
        ...program(),
        shapes: [[3], strip, [1, 8, 3], strip],
        maps: [[1], [3]],
        graphs: [builder.build({ tokens, y })],
        operations: [operation],
        segments: [{ kind: "local", layers: ["tokens"] }],
      },
      profile,
    );
    expect(found.map(({ shape }) => shape)).toEqual([[1, 3, 2, 4]]);
  });

  test("calls a segment by its algorithm, or by its kind", () => {
    expect(layers.map(({ algorithm }) => algorithm)).toEqual(["elementwise", "elementwise", "attention"]);
  });

  test("has the most bytes that exist at one of a layer's operations, with what a session needs", () => {
    const bytes = layers.map(({ memoryBytes }) => memoryBytes);
    // The weight and the first strip.
    expect(bytes[0]).toBe((3 + elements) * 4);
    // Weight, strip, sum and slice live at a run, and the session holds its own results, too.
    expect(bytes[1]).toBeGreaterThan((3 + 2 * elements + 12) * 4);
  });
});
