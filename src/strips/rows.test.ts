import { describe, expect, test } from "vitest";
import { binaryOperators, nodeOf, unaryOperators } from "../../test/graph/operators.ts";
import { GraphBuilder, type Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { heightOf, SegmentGeometry } from "./geometry.ts";
import { rowsOfStrips } from "./kept-map.ts";
import { readsOf, writesOf, type Operation } from "./program.ts";
import { clip, lengthOf, moved, rowRule, rowsRead, stripsOf, union } from "./rows.ts";
import { segmentation, type LocalSegment } from "./segments.ts";

const rows = (begin: number, end: number) => ({ begin, end });

describe("rows", () => {
  test("are cut, joined and moved", () => {
    expect(clip(rows(-2, 9), 5)).toEqual(rows(0, 5));
    expect(clip(rows(1, 3), 5)).toEqual(rows(1, 3));
    expect(union(undefined, rows(3, 4))).toEqual(rows(3, 4));
    expect(union(rows(3, 4), rows(1, 2))).toEqual(rows(1, 4));
    expect(union(rows(1, 9), rows(2, 3))).toEqual(rows(1, 9));
    expect(lengthOf(rows(3, 7))).toBe(4);
    expect(moved(rows(3, 7), -3)).toEqual(rows(0, 4));
  });

  test("are cut into strips, the last of which may be lower", () => {
    expect(stripsOf(10, 4)).toEqual([rows(0, 4), rows(4, 8), rows(8, 10)]);
    expect(stripsOf(8, 4)).toEqual([rows(0, 4), rows(4, 8)]);
    expect(stripsOf(10, 4, 1, 3)).toEqual([rows(4, 8), rows(8, 10)]);
    expect(stripsOf(3, 4)).toEqual([rows(0, 3)]);
  });

  test("that are read follow from the operator's rule", () => {
    expect(rowsRead("same", rows(2, 5))).toEqual(rows(2, 5));
    const block = { kind: "block", size: 2 } as const;
    expect([rowsRead(block, rows(2, 4)), rowsRead(block, rows(1, 4)), rowsRead(block, rows(2, 5))]).toEqual([
      rows(1, 2),
      rows(0, 2),
      rows(1, 3),
    ]);
    const window = { kind: "window", size: 3, stride: 1, before: 1 } as const;
    expect(rowsRead(window, rows(0, 4))).toEqual(rows(-1, 5));
    expect(rowsRead({ ...window, before: 0 }, rows(2, 3))).toEqual(rows(2, 5));
    expect(rowsRead({ ...window, stride: 2, before: 0 }, rows(2, 4))).toEqual(rows(4, 9));
    expect(rowsRead({ ...window, size: 1, before: 0 }, rows(2, 4))).toEqual(rows(2, 4));
  });
});

describe("the rule of an operator", () => {
  test.each(unaryOperators)("%s is row by row", (operator) => {
    expect(rowRule(nodeOf(operator, [[1, 2, 4, 4]], {}))).toBe("same");
  });

  test.each(binaryOperators)("%s is row by row", (operator) => {
    expect(
      rowRule(
        nodeOf(
          operator,
          [
            [1, 2, 4, 4],
            [1, 2, 4, 4],
          ],
          {},
        ),
      ),
    ).toBe("same");
  });

  test("of convolutions is their window, of upsampling its block", () => {
    const conv = (strides: readonly [number, number], pads: readonly [number, number, number, number]) =>
      rowRule(
        nodeOf(
          "Conv",
          [
            [1, 2, 8, 8],
            [2, 2, 3, 1],
          ],
          { strides, pads },
        ),
      );
    expect(conv([1, 1], [1, 0, 1, 0])).toEqual({ kind: "window", size: 3, stride: 1, before: 1 });
    expect(conv([2, 1], [0, 5, 1, 5])).toEqual({ kind: "window", size: 3, stride: 2, before: 0 });
    expect(rowRule(nodeOf("Resize", [[1, 2, 8, 8]], { scales: [3, 2] }))).toEqual({ kind: "block", size: 3 });
  });

  test("of joining is row by row along the channels only", () => {
    const concat = (axis: number) =>
      rowRule(
        nodeOf(
          "Concat",
          [
            [1, 2, 4, 4],
            [1, 2, 4, 4],
          ],
          { axis },
        ),
      );
    expect([concat(1), concat(0), concat(2), concat(3)]).toEqual(["same", "all", "all", "all"]);
  });

  test("of adding up is row by row over the channels only, which stay as one", () => {
    const sum = (axes: readonly number[], keepdims = true) =>
      rowRule(nodeOf("ReduceSum", [[1, 2, 4, 4]], { axes, keepdims }));
    expect([sum([1]), sum([2]), sum([1, 2]), sum([0]), sum([1], false)]).toEqual([
      "same",
      "all",
      "all",
      "all",
      "all",
    ]);
  });

  test("of a square of pixels for each pixel is a block of rows", () => {
    expect(rowRule(nodeOf("DepthToSpace", [[1, 9, 4, 4]], { side: 3, mode: "CRD" }))).toEqual({
      kind: "block",
      size: 3,
    });
  });

  test("of some channels is row by row, of some rows or columns it is not", () => {
    const slice = (axis: number) =>
      rowRule(nodeOf("Slice", [[1, 2, 4, 4]], { axes: [axis], starts: [0], ends: [1] }));
    expect([slice(1), slice(2), slice(3)]).toEqual(["same", "all", "all"]);
  });

  test("of a transposed convolution is a block of rows where kernels lie beside each other", () => {
    const transposed = (stride: number, pads: readonly [number, number, number, number]) =>
      rowRule(
        nodeOf(
          "ConvTranspose",
          [
            [1, 2, 4, 4],
            [2, 3, 2, 2],
          ],
          { strides: [stride, stride], pads, outputPadding: [0, 0] },
        ),
      );
    expect(transposed(2, [0, 0, 0, 0])).toEqual({ kind: "block", size: 2 });
    expect([transposed(1, [0, 0, 0, 0]), transposed(2, [1, 0, 0, 0])]).toEqual(["all", "all"]);
  });

  test("of all else needs the whole picture", () => {
    const window = { kernelShape: [2, 2], strides: [2, 2] } as const;
    const axes = { axes: [2, 3], keepdims: true };
    const picture = [[1, 2, 4, 4]];
    for (const node of [
      nodeOf("ArgMin", picture, { axis: 1 }),
      nodeOf("AveragePool", picture, window),
      nodeOf("MaxPool", picture, window),
      nodeOf("ReduceLogSumExp", picture, axes),
      nodeOf("ReduceMax", picture, axes),
      nodeOf("ReduceMean", picture, axes),
      nodeOf("ReduceSum", picture, axes),
      nodeOf("Softmax", picture, { axis: 1 }),
      nodeOf("Reshape", picture, { shape: [32] }),
      nodeOf("Transpose", picture, { perm: [0, 1, 3, 2] }),
      nodeOf("Slice", picture, { axes: [2], starts: [0], ends: [1] }),
      nodeOf("Pad", picture, { begins: [0, 0, 1, 0], ends: [0, 0, 0, 0] }),
      nodeOf("Expand", picture, { shape: [1, 2, 4, 4] }),
      nodeOf(
        "MatMul",
        [
          [1, 2, 4, 4],
          [1, 2, 4, 4],
        ],
        {},
      ),
      nodeOf("InstanceNormalization", [[1, 2, 4], [2], [2]], { epsilon: 1 }),
      nodeOf(
        "ConvTranspose",
        [
          [1, 2, 4, 4],
          [2, 2, 3, 3],
        ],
        { strides: [1, 1], pads: [0, 0, 0, 0], outputPadding: [0, 0] },
      ),
    ])
      expect(rowRule(node), node.operator).toBe("all");
    for (const node of [
      nodeOf("Cast", picture, { to: "float64" }),
      nodeOf("Clip", picture, { min: 0 }),
      nodeOf("LeakyRelu", picture, { alpha: 1 }),
    ])
      expect(rowRule(node), node.operator).toBe("same");
  });
});

/** Upsampling by 2 and a 3x3 convolution: one segment. */
function segmentOf(build: (builder: GraphBuilder, x: Value) => Value): { segment: LocalSegment; x: Value } {
  const builder = new GraphBuilder("g");
  const x = builder.input("x", "float32", [1, 2, 10, 4]);
  const { segments } = segmentation(builder.build({ y: build(builder, x) }));
  expect(segments).toHaveLength(1);
  return { segment: segments[0] as LocalSegment, x };
}

const conv = (builder: GraphBuilder, x: Value, stride = 1): Value =>
  builder.apply("Conv", [x, builder.constant("w", Tensor.zeros([2, 2, 3, 3]))], {
    strides: [stride, stride],
    pads: [1, 1, 1, 1],
  });

describe("what a strip reads", () => {
  const isMap = ({ name }: Value): boolean => name !== "w";

  test("has a halo, which the picture's border cuts off", () => {
    const { segment } = segmentOf((builder, x) => conv(builder, x));
    const geometry = new SegmentGeometry(
      segment,
      new Map([
        ["x", 4],
        ["y", 4],
      ]),
      isMap,
    );
    const [first, second, last] = [rows(0, 4), rows(4, 8), rows(8, 10)].map(
      (each) => geometry.of(each).inputs[0]!,
    );
    expect(first).toMatchObject({ first: 0, strips: [rows(0, 4), rows(4, 8)], rows: rows(0, 5) });
    expect(second).toMatchObject({
      first: 0,
      strips: [rows(0, 4), rows(4, 8), rows(8, 10)],
      rows: rows(3, 9),
    });
    expect(last).toMatchObject({ first: 1, strips: [rows(4, 8), rows(8, 10)], rows: rows(3, 6) });
  });

  test("is told apart by where the border is, and else is one", () => {
    const { segment } = segmentOf((builder, x) => conv(builder, x));
    const geometry = new SegmentGeometry(
      segment,
      new Map([
        ["x", 2],
        ["y", 2],
      ]),
      isMap,
    );
    const signatures = stripsOf(10, 2).map((each) => geometry.of(each).signature);
    expect(new Set(signatures).size).toBe(3);
    expect(signatures[1]).toBe(signatures[2]);
    expect(signatures[2]).toBe(signatures[3]);
  });

  test("is half of the rows before upsampling, and twice of those before stride 2", () => {
    const upsampled = segmentOf((builder, x) =>
      conv(builder, builder.apply("Resize", [x], { scales: [2, 2] })),
    );
    const up = new SegmentGeometry(
      upsampled.segment,
      new Map([
        ["x", 4],
        ["y", 8],
      ]),
      isMap,
    );
    expect(up.of(rows(8, 16)).inputs[0]).toMatchObject({ rows: rows(3, 9), first: 0 });
    expect(up.of(rows(4, 8)).signature).toBe(up.of(rows(8, 12)).signature);
    const strided = segmentOf((builder, x) => conv(builder, x, 2));
    const down = new SegmentGeometry(
      strided.segment,
      new Map([
        ["x", 4],
        ["y", 1],
      ]),
      isMap,
    );
    expect(down.of(rows(2, 3)).inputs[0]).toMatchObject({ first: 0, rows: rows(3, 6) });
    expect(down.of(rows(1, 2)).signature).toBe(down.of(rows(3, 4)).signature);
    expect(heightOf(strided.segment.outputs[0]!)).toBe(5);
  });

  test("is found among the strips that are kept", () => {
    const strips = stripsOf(10, 4).map((each, tensor) => ({ rows: each, tensor }));
    expect(rowsOfStrips(strips, rows(3, 9))).toEqual({ strips: [0, 1, 2], rows: rows(3, 9) });
    expect(rowsOfStrips(strips, rows(4, 8))).toEqual({ strips: [1], rows: rows(0, 4) });
    expect(rowsOfStrips(strips.slice(1), rows(1, 5))).toEqual({ strips: [1, 2], rows: rows(1, 5) });
    expect(rowsOfStrips(strips, rows(0, 4))).toEqual({ strips: [0], rows: rows(0, 4) });
  });
});

test("operations read and write what they name", () => {
  const each = rows(0, 1);
  const operations: [Operation, number[], number[]][] = [
    [
      {
        kind: "run",
        of: "strip",
        graph: 0,
        inputs: { a: 1, b: { strips: [2, 3], rows: each } },
        outputs: { c: 4, d: 5 },
      },
      [1, 2, 3],
      [4, 5],
    ],
    [{ kind: "weights", graph: 0, outputs: { a: 6 } }, [], [6]],
    [{ kind: "feed", tensor: 7, rows: each }, [], [7]],
    [{ kind: "fetch", tensor: 8, rows: each }, [8], []],
    [{ kind: "store", tensor: 9, place: 0 }, [9], []],
    [{ kind: "load", tensor: 9, place: 0 }, [], [9]],
  ];
  for (const [operation, reads, writes] of operations)
    expect([readsOf(operation), writesOf(operation)], operation.kind).toEqual([reads, writes]);
});

describe("a graph is cut", () => {
  const namesOf = (build: (builder: GraphBuilder, x: Value) => Value): string[][] => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [1, 2, 8, 8]);
    return segmentation(builder.build({ y: build(builder, x) })).segments.map((segment) =>
      segment.kind === "local" ? segment.outputs.map(({ name }) => name) : [segment.composite.output.name],
    );
  };
  const kernel = (builder: GraphBuilder, name: string, ...shape: number[]): Value =>
    builder.constant(name, Tensor.zeros(shape));
  const product = (builder: GraphBuilder, x: Value, out: number): Value =>
    builder.apply("Conv", [x, kernel(builder, `p${out}`, out, x.shape[1]!, 1, 1)], {
      strides: [1, 1],
      pads: [0, 0, 0, 0],
    });

  test("between two convolutions with a halo, and not beside one without", () => {
    expect(namesOf((builder, x) => conv(builder, conv(builder, x)))).toEqual([["Conv"], ["y"]]);
    expect(namesOf((builder, x) => conv(builder, product(builder, x, 2)))).toEqual([["y"]]);
    expect(namesOf((builder, x) => product(builder, conv(builder, x), 4))).toEqual([["y"]]);
  });

  test("before an upsampling rather than after it", () => {
    const upsampled = (builder: GraphBuilder, x: Value): Value =>
      builder.apply("Resize", [x], { scales: [2, 2] });
    expect(namesOf((builder, x) => conv(builder, upsampled(builder, conv(builder, x))))).toEqual([
      ["Conv"],
      ["y"],
    ]);
  });

  test("where a 1x1 convolution makes what is kept narrower", () => {
    const narrowed = (out: number) =>
      namesOf((builder, x) => {
        const small = product(builder, x, out);
        const back = builder.apply("Conv", [small, kernel(builder, "back", 2, out, 1, 1)], {
          strides: [1, 1],
          pads: [0, 0, 0, 0],
        });
        return builder.apply("Add", [conv(builder, x), back], {});
      });
    expect(narrowed(1).flat()).toContain("Conv");
    expect(narrowed(2)).toEqual([["y"]]);
  });
});
