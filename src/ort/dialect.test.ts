import { describe, expect, test } from "vitest";
import { graphOf, operatorsOf, write } from "../../test/ort/written.ts";
import type { GraphBuilder, Graph, Value } from "../graph/index.ts";
import { unreturnedOutput } from "./unreturned-name.js";

const fuses = { fuses: true };

test("nothing is written in another form where nothing is asked for", () => {
  const graph = graphOf([4, 4], (b, x) =>
    b.apply("MatMul", [x, b.apply("Transpose", [x], { perm: [1, 0] })], {}),
  );
  expect(operatorsOf(graph, {})).toEqual(["Transpose", "MatMul"]);
});

describe("a product", () => {
  const product = (turn: (b: GraphBuilder, x: Value) => [Value, Value], shape = [4, 4], dtype?: "float64") =>
    write(
      graphOf(shape, (b, x) => b.apply("MatMul", turn(b, x), {}), dtype),
      fuses,
    ).nodes;
  const swap = (b: GraphBuilder, x: Value, perm = [1, 0]): Value => b.apply("Transpose", [x], { perm });

  test("takes the transpositions of its operands in", () => {
    expect(product((b, x) => [x, swap(b, x)])).toEqual([
      expect.objectContaining({
        operator: "FusedMatMul",
        domain: "com.microsoft",
        inputs: ["x", "x"],
        outputs: ["y"],
        attributes: { transA: { int: 0 }, transB: { int: 1 } },
      }),
    ]);
    expect(product((b, x) => [swap(b, x), x])[0]!.attributes).toEqual({
      transA: { int: 1 },
      transB: { int: 0 },
    });
    expect(product((b, x) => [swap(b, x), swap(b, x)])).toHaveLength(1);
    expect(product((b, x) => [x, swap(b, x, [0, 2, 1])], [3, 4, 4])).toHaveLength(1);
  });

  test("takes no other transposition in, and none of double precision", () => {
    expect(product((b, x) => [x, swap(b, x, [1, 0, 2])], [4, 4, 4])).toHaveLength(2);
    expect(product((b, x) => [x, swap(b, x)], [4, 4], "float64")).toHaveLength(2);
    expect(product((_, x) => [x, x])[0]!.operator).toBe("MatMul");
  });

  test("leaves a transposition that something else reads, too", () => {
    const shared = graphOf([4, 4], (b, x) => {
      const turned = swap(b, x);
      return b.apply("Add", [b.apply("MatMul", [x, turned], {}), turned], {});
    });
    expect(operatorsOf(shared, fuses)).toEqual(["Transpose", "com.microsoft:FusedMatMul", "Add"]);
    const twice = graphOf([4, 4], (b, x) => {
      const turned = swap(b, x);
      return b.apply("MatMul", [b.apply("MatMul", [x, turned], {}), turned], {});
    });
    expect(operatorsOf(twice, fuses)).toEqual(["com.microsoft:FusedMatMul", "com.microsoft:FusedMatMul"]);
    const result = graphOf([4, 4], (b, x) => {
      const turned = swap(b, x);
      return { turned, y: b.apply("MatMul", [x, turned], {}) };
    });
    expect(operatorsOf(result, fuses)).toEqual(["Transpose", "com.microsoft:FusedMatMul"]);
  });
});

describe("x times its sigmoid", () => {
  const gated = (order: "first" | "second", dtype?: "float64"): Graph =>
    graphOf(
      [4],
      (b, x) => {
        const gate = b.apply("Sigmoid", [x], {});
        return b.apply("Mul", order === "first" ? [gate, x] : [x, gate], {});
      },
      dtype,
    );

  test("is one operator, in either order", () => {
    for (const order of ["first", "second"] as const)
      expect(write(gated(order), fuses).nodes).toEqual([
        expect.objectContaining({
          operator: "QuickGelu",
          domain: "com.microsoft",
          inputs: ["x"],
          attributes: { alpha: { float: 1 } },
        }),
      ]);
  });

  test("stays two where the gate is read again, is another's, or is of double precision", () => {
    expect(operatorsOf(gated("first", "float64"), fuses)).toEqual(["Sigmoid", "Mul"]);
    const again = graphOf([4], (b, x) => {
      const gate = b.apply("Sigmoid", [x], {});
      return b.apply("Add", [b.apply("Mul", [x, gate], {}), gate], {});
    });
    expect(operatorsOf(again, fuses)).toEqual(["Sigmoid", "Mul", "Add"]);
    const result = graphOf([4], (b, x) => {
      const gate = b.apply("Sigmoid", [x], {});
      return { gate, y: b.apply("Mul", [x, gate], {}) };
    });
    expect(operatorsOf(result, fuses)).toEqual(["Sigmoid", "Mul"]);
    const other = graphOf([4], (b, x) =>
      b.apply("Mul", [b.apply("Neg", [x], {}), b.apply("Sigmoid", [x], {})], {}),
    );
    expect(operatorsOf(other, fuses)).toEqual(["Neg", "Sigmoid", "Mul"]);
    const tanh = graphOf([4], (b, x) => b.apply("Mul", [x, b.apply("Tanh", [x], {})], {}));
    expect(operatorsOf(tanh, fuses)).toEqual(["Tanh", "Mul"]);
  });
});

describe("a transposition of whole rows", () => {
  const turned = (shape: readonly number[], perm: readonly number[]) =>
    operatorsOf(
      graphOf(shape, (b, x) => b.apply("Transpose", [x], { perm })),
      fuses,
    );
  const gathered = ["Reshape", "Gather"];

  test("is gathered: from 64 rows to 16384, of 16 elements or more", () => {
    expect(turned([8, 8, 16], [1, 0, 2])).toEqual(gathered);
    expect(turned([8, 8, 15], [1, 0, 2])).toEqual(["Transpose"]);
    expect(turned([9, 7, 16], [1, 0, 2])).toEqual(["Transpose"]);
    expect(turned([128, 128, 16], [1, 0, 2])).toEqual(gathered);
    expect(turned([128, 129, 16], [1, 0, 2])).toEqual(["Transpose"]);
    expect(turned([8, 16, 16], [0, 2, 1])).toEqual(["Transpose"]);
  });

  test("has the rows in the transposed order, under the shape of the result", () => {
    const model = write(
      graphOf([2, 3, 16, 16], (b, x) => b.apply("Transpose", [x], { perm: [2, 0, 1, 3] })),
      fuses,
    );
    const order = model.initializers.find(({ name }) => name === "y:order")!;
    expect(order.dims).toEqual([16, 2, 3]);
    const rows = [...new BigInt64Array(Uint8Array.from(order.bytes!).buffer)].map(Number);
    const expected = Array.from({ length: 96 }, (_, index) => {
      const [h, n, c] = [Math.floor(index / 6), Math.floor(index / 3) % 2, index % 3];
      return (n * 3 + c) * 16 + h;
    });
    expect(rows).toEqual(expected);
    expect(model.nodes.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
      [["x", "y:flat shape"], ["y:flat"]],
      [["y:flat", "y:order"], ["y"]],
    ]);
  });
});

describe("slices that are all of a value", () => {
  const sliced = (ranges: readonly (readonly [number, number])[], steps?: readonly number[], length = 6) =>
    graphOf([2, length], (b, x) =>
      Object.fromEntries(
        ranges.map(([start, end], index) => [
          `y${index}`,
          b.apply("Slice", [x], { axes: [1], starts: [start], ends: [end], ...(steps && { steps }) }),
        ]),
      ),
    );

  test("are one Split, whatever their order", () => {
    const model = write(
      sliced([
        [2, 3],
        [0, 2],
        [3, 6],
      ]),
      fuses,
    );
    expect(model.nodes).toEqual([
      expect.objectContaining({
        operator: "Split",
        domain: "",
        inputs: ["x", "y0:sizes"],
        outputs: ["y1", "y0", "y2"],
        attributes: { axis: { int: 1 } },
      }),
    ]);
    const sizes = model.initializers.find(({ name }) => name === "y0:sizes")!;
    expect([...new BigInt64Array(Uint8Array.from(sizes.bytes!).buffer)]).toEqual([2n, 1n, 3n]);
  });

  test.each([
    [
      "leave a gap",
      [
        [0, 2],
        [3, 6],
      ],
      undefined,
    ],
    [
      "overlap",
      [
        [0, 3],
        [2, 6],
      ],
      undefined,
    ],
    [
      "begin later",
      [
        [1, 2],
        [2, 6],
      ],
      undefined,
    ],
    [
      "end sooner",
      [
        [0, 2],
        [2, 5],
      ],
      undefined,
    ],
    ["are one alone", [[0, 6]], undefined],
    [
      "leave elements out",
      [
        [0, 2],
        [2, 6],
      ],
      [2],
    ],
  ] as const)("stay slices where they %s", (_, ranges, steps) => {
    expect(new Set(operatorsOf(sliced(ranges, steps), fuses))).toEqual(new Set(["Slice"]));
  });
});

test("an output that cannot be returned stands before the others", () => {
  const model = write(
    graphOf([4], (b, x) => b.apply("Neg", [x], {})),
    { endsUnreturned: true },
  );
  expect(model.nodes.map(({ operator, outputs }) => [operator, outputs])).toEqual([
    ["SequenceConstruct", [unreturnedOutput]],
    ["Neg", ["y"]],
  ]);
  // A sequence has no type of a tensor.
  expect(model.outputs).toEqual([
    { name: unreturnedOutput, dataType: undefined, dims: undefined },
    { name: "y", dataType: 1, dims: [4] },
  ]);
});
