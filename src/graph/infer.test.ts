import { describe, expect, test } from "vitest";
import { binaryOperators, unaryOperators } from "../../test/graph/operators.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Value } from "./graph.ts";
import { infer, stackAxisOf } from "./infer.ts";
import type { OperatorAttributes, OperatorName } from "./operators.ts";

let count = 0;
const value = (shape: Shape, dtype: DType = "float32", name = `v${count++}`): Value => ({
  name,
  dtype,
  shape,
});

/** The shape of an operator's output, for inputs of these shapes. */
function shapeOf<K extends OperatorName>(
  operator: K,
  shapes: readonly Shape[],
  attributes: OperatorAttributes[K],
): Shape {
  const result = infer(
    operator,
    shapes.map((shape) => value(shape)),
    attributes,
  );
  expect(result.dtype).toBe("float32");
  return result.shape;
}

const plain = { strides: [1, 1], pads: [0, 0, 0, 0] } as const;

describe("the shape of an output", () => {
  test.each(unaryOperators)("of %s is the input's", (operator) => {
    expect(infer(operator, [value([2, 3], "float64")], {})).toEqual({ dtype: "float64", shape: [2, 3] });
    expect(() => infer(operator, [value([1]), value([1])], {})).toThrow(
      `${operator}: expected 1 inputs, found 2.`,
    );
  });

  test.each(binaryOperators)("of %s is the broadcast", (operator) => {
    expect(
      shapeOf(
        operator,
        [
          [2, 1, 4],
          [3, 1],
        ],
        {},
      ),
    ).toEqual([2, 3, 4]);
    expect(
      shapeOf(
        operator,
        [
          [3, 1],
          [2, 1, 4],
        ],
        {},
      ),
    ).toEqual([2, 3, 4]);
    expect(shapeOf(operator, [[], [5]], {})).toEqual([5]);
    expect(() => shapeOf(operator, [[2], [3]], {})).toThrow(
      `${operator}: expected shapes that broadcast, found [2] and [3].`,
    );
    expect(() => shapeOf(operator, [[2]], {})).toThrow(`${operator}: expected 2 inputs, found 1.`);
    expect(() => infer(operator, [value([1]), value([1], "float64", "wide")], {})).toThrow(
      `${operator}: expected one dtype, found float32 and float64 (wide).`,
    );
  });

  test("of Clip, LeakyRelu and Softmax is the input's", () => {
    expect(shapeOf("Clip", [[2, 3]], { min: 0 })).toEqual([2, 3]);
    expect(shapeOf("LeakyRelu", [[2, 3]], { alpha: 0.2 })).toEqual([2, 3]);
    expect(shapeOf("Softmax", [[2, 3]], { axis: 1 })).toEqual([2, 3]);
  });

  test("of Cast has the dtype that is asked for", () => {
    expect(infer("Cast", [value([2], "float16")], { to: "float32" })).toEqual({
      dtype: "float32",
      shape: [2],
    });
  });

  test("of Conv follows from kernel, strides and each of the four pads", () => {
    const conv = (
      pads: OperatorAttributes["Conv"]["pads"],
      strides: readonly [number, number] = [1, 1],
    ): Shape => shapeOf("Conv", [[2, 3, 8, 9], [5, 3, 3, 2], [5]], { strides, pads });
    expect(conv([0, 0, 0, 0])).toEqual([2, 5, 6, 8]);
    expect(conv([1, 0, 0, 0])).toEqual([2, 5, 7, 8]);
    expect(conv([0, 1, 0, 0])).toEqual([2, 5, 6, 9]);
    expect(conv([0, 0, 1, 0])).toEqual([2, 5, 7, 8]);
    expect(conv([0, 0, 0, 1])).toEqual([2, 5, 6, 9]);
    expect(conv([0, 0, 0, 0], [2, 3])).toEqual([2, 5, 3, 3]);
    expect(
      shapeOf(
        "Conv",
        [
          [1, 1, 3, 3],
          [1, 1, 3, 3],
        ],
        plain,
      ),
    ).toEqual([1, 1, 1, 1]);
  });

  test("of Conv in groups has each group's kernels for its own channels", () => {
    const grouped = (weight: Shape, group: number) => () =>
      shapeOf("Conv", [[1, 6, 4, 4], weight], { ...plain, group });
    expect(grouped([4, 3, 3, 3], 2)()).toEqual([1, 4, 2, 2]);
    expect(grouped([6, 1, 1, 1], 6)()).toEqual([1, 6, 4, 4]);
    expect(grouped([4, 6, 3, 3], 2)).toThrow("Conv: expected 12 channels");
    expect(grouped([5, 3, 3, 3], 2)).toThrow(
      "Conv: expected kernels for 2 equal groups, found [5, 3, 3, 3].",
    );
  });

  test("of DepthToSpace has squares for channels", () => {
    expect(shapeOf("DepthToSpace", [[2, 18, 4, 5]], { side: 3, mode: "CRD" })).toEqual([2, 2, 12, 15]);
    expect(() => shapeOf("DepthToSpace", [[2, 6, 4, 5]], { side: 2, mode: "DCR" })).toThrow(
      "DepthToSpace: expected a multiple of 4 channels, found [2, 6, 4, 5].",
    );
  });

  test("of ConvTranspose is the size that Conv would have read", () => {
    const shapes = [
      [2, 3, 4, 5],
      [3, 7, 3, 2],
    ];
    const transposed = (attributes: Partial<OperatorAttributes["ConvTranspose"]>): Shape =>
      shapeOf("ConvTranspose", shapes, { ...plain, outputPadding: [0, 0], ...attributes });
    expect(transposed({})).toEqual([2, 7, 6, 6]);
    expect(transposed({ strides: [2, 3] })).toEqual([2, 7, 9, 14]);
    expect(transposed({ pads: [1, 0, 0, 0] })).toEqual([2, 7, 5, 6]);
    expect(transposed({ pads: [0, 1, 0, 0] })).toEqual([2, 7, 6, 5]);
    expect(transposed({ pads: [0, 0, 1, 0] })).toEqual([2, 7, 5, 6]);
    expect(transposed({ pads: [0, 0, 0, 1] })).toEqual([2, 7, 6, 5]);
    expect(transposed({ outputPadding: [1, 2] })).toEqual([2, 7, 7, 8]);
  });

  test("of a product is that of its matrices, in the broadcast of their batches", () => {
    expect(
      shapeOf(
        "MatMul",
        [
          [2, 3],
          [3, 4],
        ],
        {},
      ),
    ).toEqual([2, 4]);
    expect(
      shapeOf(
        "MatMul",
        [
          [5, 1, 2, 3],
          [7, 3, 4],
        ],
        {},
      ),
    ).toEqual([5, 7, 2, 4]);
  });

  test.each(["AveragePool", "MaxPool"] as const)("of %s counts whole windows", (operator) => {
    expect(shapeOf(operator, [[1, 2, 7, 8]], { kernelShape: [2, 3], strides: [2, 1] })).toEqual([1, 2, 3, 6]);
    expect(shapeOf(operator, [[1, 2, 2, 3]], { kernelShape: [2, 3], strides: [5, 5] })).toEqual([1, 2, 1, 1]);
  });

  test.each(["ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceSum"] as const)(
    "of %s lacks its axes, or keeps them as 1",
    (operator) => {
      expect(shapeOf(operator, [[2, 3, 4]], { axes: [0, 2], keepdims: false })).toEqual([3]);
      expect(shapeOf(operator, [[2, 3, 4]], { axes: [0, 2], keepdims: true })).toEqual([1, 3, 1]);
      for (const axes of [[], [3], [-1], [0.5]])
        expect(() => shapeOf(operator, [[2, 3, 4]], { axes, keepdims: true })).toThrow(
          `${operator}: expected axes of [2, 3, 4]`,
        );
    },
  );

  test("of Slice is what lies between start and end, step by step", () => {
    expect(shapeOf("Slice", [[10, 4]], { axes: [0], starts: [1], ends: [8] })).toEqual([7, 4]);
    expect(
      shapeOf("Slice", [[10, 4]], { axes: [0, 1], starts: [1, 3], ends: [8, 4], steps: [3, 1] }),
    ).toEqual([3, 1]);
    expect(shapeOf("Slice", [[10]], { axes: [0], starts: [0], ends: [10] })).toEqual([10]);
    for (const wrong of [
      { starts: [-1], ends: [5] },
      { starts: [5], ends: [5] },
      { starts: [0], ends: [11] },
      { starts: [0], ends: [5], steps: [0] },
      { starts: [], ends: [5] },
      { starts: [0], ends: [] },
    ])
      expect(() => shapeOf("Slice", [[10]], { axes: [0], ...wrong })).toThrow(
        "Slice: expected 0 <= start < end <= 10 on axis 0",
      );
    expect(() => shapeOf("Slice", [[10]], { axes: [1], starts: [0], ends: [1] })).toThrow("<= 0 on axis 1");
  });

  test("of Concat is the sum along its axis", () => {
    expect(
      shapeOf(
        "Concat",
        [
          [1, 2, 3],
          [1, 5, 3],
          [1, 1, 3],
        ],
        { axis: 1 },
      ),
    ).toEqual([1, 8, 3]);
    expect(shapeOf("Concat", [[2]], { axis: 0 })).toEqual([2]);
    expect(() =>
      shapeOf(
        "Concat",
        [
          [1, 2],
          [2, 2],
        ],
        { axis: 1 },
      ),
    ).toThrow("expected [1, 2] beside axis 1, found [2, 2].");
    expect(() => shapeOf("Concat", [], { axis: 0 })).toThrow("Concat: expected 1 inputs, found 0.");
  });

  test("of Expand is the one that is asked for", () => {
    expect(shapeOf("Expand", [[3, 1]], { shape: [2, 3, 4] })).toEqual([2, 3, 4]);
    expect(() => shapeOf("Expand", [[3, 4]], { shape: [3, 1] })).toThrow(
      "expected a shape that [3, 4] expands to, found [3, 1].",
    );
    expect(() => shapeOf("Expand", [[3]], { shape: [4] })).toThrow("expected shapes that broadcast");
  });

  test("of ArgMin is one whole number for each row", () => {
    expect(infer("ArgMin", [value([2, 3, 4])], { axis: 1 })).toEqual({ dtype: "int64", shape: [2, 4] });
    expect(() => infer("ArgMin", [value([2])], { axis: 1 })).toThrow(
      "ArgMin: expected axes of [2], found [1].",
    );
  });

  test("of OneHot has a row for each index", () => {
    const indices = value([2, 3], "int64");
    expect(infer("OneHot", [indices], { depth: 5 })).toEqual({ dtype: "float32", shape: [2, 3, 5] });
    expect(() => infer("OneHot", [value([2])], { depth: 5 })).toThrow(
      "OneHot: expected indices of int64, found float32.",
    );
  });

  test("of Pad grows and shrinks on each side", () => {
    expect(shapeOf("Pad", [[3, 4]], { begins: [1, 0], ends: [0, -2] })).toEqual([4, 2]);
    for (const wrong of [
      { begins: [0, -4], ends: [0, 0] },
      { begins: [0], ends: [0, 0] },
      { begins: [0, 0], ends: [0] },
      { begins: [0, 0, 0], ends: [0, 0, 0] },
      { begins: [0, 0, 0], ends: [0, 0] },
      { begins: [0, 0], ends: [0, 0, 0] },
    ])
      expect(() => shapeOf("Pad", [[3, 4]], wrong)).toThrow(
        "Pad: expected a shape with elements from [3, 4]",
      );
  });

  test("of Reshape has as many elements", () => {
    expect(shapeOf("Reshape", [[2, 6]], { shape: [3, 4] })).toEqual([3, 4]);
    expect(() => shapeOf("Reshape", [[2, 6]], { shape: [3, 5] })).toThrow(
      "a shape of 12 elements, found [3, 5].",
    );
  });

  test("of Resize has height and width times their own scale", () => {
    expect(shapeOf("Resize", [[1, 2, 3, 5]], { scales: [2, 3] })).toEqual([1, 2, 6, 15]);
  });

  test("of Transpose is permuted", () => {
    expect(shapeOf("Transpose", [[2, 3, 4]], { perm: [2, 0, 1] })).toEqual([4, 2, 3]);
    for (const perm of [
      [0, 1],
      [0, 1, 1],
      [0, 1, 3],
      [0, 1, 2, 3],
    ])
      expect(() => shapeOf("Transpose", [[2, 3, 4]], { perm })).toThrow("expected a permutation of 3 axes");
  });

  test("of InstanceNormalization is the input's, with a scale and a bias for each channel", () => {
    expect(shapeOf("InstanceNormalization", [[1, 4, 9], [4], [4]], { epsilon: 0 })).toEqual([1, 4, 9]);
    for (const shapes of [
      [[1, 4, 9], [3], [4]],
      [[1, 4, 9], [4], [3]],
      [[4], [4], [4]],
    ])
      expect(() => shapeOf("InstanceNormalization", shapes, { epsilon: 0 })).toThrow(
        "InstanceNormalization: expected scale and bias",
      );
    expect(() => shapeOf("InstanceNormalization", [[1, 4, 9], [4]], { epsilon: 0 })).toThrow(
      "expected 3 inputs, found 2.",
    );
  });
});

describe("a convolution is refused", () => {
  const conv = (x: Shape, weight: Shape, bias?: Shape) => () =>
    shapeOf("Conv", bias === undefined ? [x, weight] : [x, weight, bias], plain);

  test.each([
    ["for other channels", conv([1, 2, 4, 4], [5, 3, 1, 1]), "expected 3 channels"],
    ["for a bias of other length", conv([1, 3, 4, 4], [5, 3, 1, 1], [4]), "expected bias [5], found [4]."],
    [
      "for a bias of other rank",
      conv([1, 3, 4, 4], [5, 3, 1, 1], [5, 1]),
      "expected bias [5], found [5, 1].",
    ],
    ["where the kernel is higher than the picture", conv([1, 3, 2, 4], [5, 3, 3, 3]), "the 3x3 kernel of "],
    ["where the kernel is wider than the picture", conv([1, 3, 4, 2], [5, 3, 3, 3]), "is larger than 4x2."],
    ["for kernels of three dimensions", conv([1, 3, 4, 4, 4], [5, 3, 3, 3, 3]), "expected x [N, C, H, W]"],
    ["for rows", conv([1, 3, 4], [5, 3, 1]), "expected x [N, C, H, W]"],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(make).toThrow(message);
  });

  test("and a transposed one for the same reasons", () => {
    const transposed = (x: Shape, weight: Shape) => () =>
      shapeOf("ConvTranspose", [x, weight], { ...plain, outputPadding: [0, 0] });
    expect(transposed([1, 2, 4, 4], [3, 5, 1, 1])).toThrow(
      "ConvTranspose: expected 3 channels, found [1, 2, 4, 4].",
    );
    expect(transposed([1, 3, 4], [3, 5, 1, 1])).toThrow("expected a shape of 4 axes, found [1, 3, 4].");
    expect(transposed([1, 3, 4, 4], [3, 5, 1])).toThrow("expected a shape of 4 axes, found [3, 5, 1].");
  });
});

test("matrices that do not fit, and windows that are too large, are refused", () => {
  for (const shapes of [
    [
      [2, 3],
      [2, 3],
    ],
    [[3], [3, 2]],
    [[2, 3], [3]],
  ])
    expect(() => shapeOf("MatMul", shapes, {})).toThrow("MatMul: expected [..., M, K] and [..., K, N]");
  expect(() =>
    shapeOf(
      "MatMul",
      [
        [2, 2, 3],
        [3, 3, 4],
      ],
      {},
    ),
  ).toThrow("MatMul: expected shapes that broadcast");
  for (const kernelShape of [
    [3, 1],
    [1, 3],
  ] as const)
    expect(() => shapeOf("MaxPool", [[1, 1, 2, 2]], { kernelShape, strides: [1, 1] })).toThrow(
      `MaxPool: the ${kernelShape.join("x")} window is larger than [1, 1, 2, 2].`,
    );
});

test("a stack lies along the axis along which its kernels have one element", () => {
  expect(stackAxisOf([4, 2, 3, 3])).toBeUndefined();
  expect(stackAxisOf([4, 2, 1, 3, 3])).toBe(2);
  expect(stackAxisOf([4, 2, 3, 3, 1])).toBe(4);
  expect(stackAxisOf([4, 2, 1, 1, 1])).toBe(2);
  expect(stackAxisOf([4, 2, 3, 3, 3])).toBeUndefined();
  expect(infer("Conv", [value([1, 2, 5, 8, 9]), value([4, 2, 1, 3, 3])], plain).shape).toEqual([
    1, 4, 5, 6, 7,
  ]);
  expect(infer("Conv", [value([1, 2, 8, 9, 5]), value([4, 2, 3, 3, 1])], plain).shape).toEqual([
    1, 4, 6, 7, 5,
  ]);
});
