import { describe, expect, test } from "vitest";
import { binaryOperators, unaryOperators } from "../../test/graph/operators.ts";
import { readOnnx } from "../../test/onnx/read-onnx.ts";
import { GraphBuilder, type OperatorAttributes, type OperatorName, type Value } from "../graph/index.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Dialect } from "./dialect.ts";
import { encodeModel, type Placement } from "./encode-model.ts";

const inside = (): Placement => ({ bytes: new Uint8Array(0) });

/** The node of a graph of one operator, and the tensors that it reads besides its inputs. */
function written<K extends OperatorName>(
  operator: K,
  shapes: readonly Shape[],
  attributes: OperatorAttributes[K],
  dtype: DType = "float32",
) {
  const builder = new GraphBuilder("one");
  const inputs = shapes.map((shape, index) => builder.input(`x${index}`, dtype, shape));
  const model = readOnnx(
    encodeModel(builder.build({ y: builder.apply(operator, inputs, attributes) }), inside),
  );
  expect(model.nodes).toHaveLength(1);
  const [node] = model.nodes;
  const extra = node!.inputs.slice(shapes.length).map((name) => {
    const found = model.initializers.find((each) => each.name === name);
    if (found === undefined) return name;
    const { buffer } = Uint8Array.from(found.bytes!);
    const values =
      found.dataType === 7
        ? [...new BigInt64Array(buffer)].map(Number)
        : [...(found.dataType === 11 ? new Float64Array(buffer) : new Float32Array(buffer))];
    return { dataType: found.dataType, dims: found.dims, values };
  });
  expect(node!.inputs.slice(0, shapes.length)).toEqual(inputs.map(({ name }) => name));
  expect(node).toMatchObject({ operator, domain: "", name: "y", outputs: ["y"] });
  return { attributes: node!.attributes, extra };
}

const int64s = (...values: number[]) => ({ dataType: 7, dims: [values.length], values });
const scalar = (value: number, dataType = 1) => ({ dataType, dims: [], values: [value] });

describe("an operator is written with ONNX's attributes:", () => {
  test.each(unaryOperators)("%s", (operator) => {
    expect(written(operator, [[2]], {})).toEqual({ attributes: {}, extra: [] });
  });
  test.each(binaryOperators)("%s", (operator) => {
    expect(written(operator, [[2], [2]], {})).toEqual({ attributes: {}, extra: [] });
  });
  test("ArgMin", () => {
    expect(written("ArgMin", [[2, 3]], { axis: 1 })).toEqual({
      attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
      extra: [],
    });
  });
  test("OneHot", () => {
    expect(written("OneHot", [[2]], { depth: 5 }, "int64")).toEqual({
      attributes: {},
      extra: [int64s(5), { dataType: 1, dims: [2], values: [0, 1] }],
    });
  });
  test("MatMul", () => {
    expect(
      written(
        "MatMul",
        [
          [2, 3],
          [3, 2],
        ],
        {},
      ),
    ).toEqual({ attributes: {}, extra: [] });
  });

  test("Conv", () => {
    const attributes = { strides: [2, 3], pads: [1, 2, 3, 4] } as const;
    expect(written("Conv", [[1, 2, 9, 9], [4, 2, 3, 5], [4]], attributes)).toEqual({
      attributes: {
        kernel_shape: { ints: [3, 5] },
        pads: { ints: [1, 2, 3, 4] },
        strides: { ints: [2, 3] },
      },
      extra: [],
    });
    expect(
      written(
        "Conv",
        [
          [1, 2, 7, 9, 9],
          [4, 2, 1, 3, 5],
        ],
        attributes,
      ).attributes,
    ).toEqual({
      kernel_shape: { ints: [1, 3, 5] },
      pads: { ints: [0, 1, 2, 0, 3, 4] },
      strides: { ints: [1, 2, 3] },
    });
    expect(
      written(
        "Conv",
        [
          [1, 2, 9, 9, 7],
          [4, 2, 3, 5, 1],
        ],
        attributes,
      ).attributes,
    ).toEqual({
      kernel_shape: { ints: [3, 5, 1] },
      pads: { ints: [1, 2, 0, 3, 4, 0] },
      strides: { ints: [2, 3, 1] },
    });
  });

  test("Conv in groups", () => {
    const shapes = [
      [1, 4, 3, 3],
      [4, 2, 1, 1],
    ];
    const plain = { strides: [1, 1], pads: [0, 0, 0, 0] } as const;
    expect(written("Conv", shapes, { ...plain, group: 2 }).attributes).toMatchObject({ group: { int: 2 } });
  });

  test("DepthToSpace", () => {
    expect(written("DepthToSpace", [[1, 8, 2, 2]], { side: 2, mode: "DCR" }).attributes).toEqual({
      blocksize: { int: 2 },
      mode: { string: "DCR" },
    });
  });

  test("ConvTranspose", () => {
    const attributes = { strides: [2, 3], pads: [1, 0, 1, 2], outputPadding: [1, 0] } as const;
    expect(
      written(
        "ConvTranspose",
        [
          [1, 2, 4, 4],
          [2, 5, 3, 4],
        ],
        attributes,
      ).attributes,
    ).toEqual({
      kernel_shape: { ints: [3, 4] },
      pads: { ints: [1, 0, 1, 2] },
      strides: { ints: [2, 3] },
      output_padding: { ints: [1, 0] },
    });
  });

  test.each(["AveragePool", "MaxPool"] as const)("%s", (operator) => {
    expect(written(operator, [[1, 1, 8, 8]], { kernelShape: [2, 3], strides: [4, 5] }).attributes).toEqual({
      kernel_shape: { ints: [2, 3] },
      strides: { ints: [4, 5] },
    });
  });

  test.each(["ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceSum"] as const)("%s", (operator) => {
    for (const [keepdims, int] of [
      [true, 1],
      [false, 0],
    ] as const)
      expect(written(operator, [[2, 3, 4]], { axes: [0, 2], keepdims })).toEqual({
        attributes: { keepdims: { int } },
        extra: [int64s(0, 2)],
      });
  });

  test("Cast, to each dtype by ONNX's number", () => {
    const numbers = { float32: 1, uint8: 2, int64: 7, float16: 10, float64: 11, bfloat16: 16 } as const;
    for (const [to, int] of Object.entries(numbers) as [DType, number][])
      expect(written("Cast", [[2]], { to }).attributes).toEqual({ to: { int } });
  });

  test("Clip, with bounds of its own dtype, each of them optional", () => {
    expect(written("Clip", [[2]], { min: -1, max: 2 }).extra).toEqual([scalar(-1), scalar(2)]);
    expect(written("Clip", [[2]], { max: 2 }).extra).toEqual(["", scalar(2)]);
    expect(written("Clip", [[2]], { min: 0 }).extra).toEqual([scalar(0), ""]);
    expect(written("Clip", [[2]], { min: 0.1 }, "float64").extra).toEqual([scalar(0.1, 11), ""]);
  });

  test("Resize, by nearest pixels, with 1 for batch and channels", () => {
    expect(written("Resize", [[1, 2, 3, 4]], { scales: [2, 3] })).toEqual({
      attributes: {
        mode: { string: "nearest" },
        coordinate_transformation_mode: { string: "asymmetric" },
        nearest_mode: { string: "floor" },
      },
      extra: ["", { dataType: 1, dims: [4], values: [1, 1, 2, 3] }],
    });
  });

  test("Slice, whose tensors are starts, ends, axes and then steps", () => {
    const bounds = { axes: [1, 2], starts: [1, 2], ends: [3, 6] };
    expect(written("Slice", [[9, 8, 7]], bounds)).toEqual({
      attributes: {},
      extra: [int64s(1, 2), int64s(3, 6), int64s(1, 2)],
    });
    expect(written("Slice", [[9, 8, 7]], { ...bounds, steps: [2, 1] }).extra).toEqual([
      int64s(1, 2),
      int64s(3, 6),
      int64s(1, 2),
      int64s(2, 1),
    ]);
  });

  test("the others", () => {
    expect(
      written(
        "Concat",
        [
          [1, 2],
          [1, 3],
        ],
        { axis: 1 },
      ).attributes,
    ).toEqual({ axis: { int: 1 } });
    expect(written("Expand", [[1]], { shape: [2, 3] }).extra).toEqual([int64s(2, 3)]);
    expect(written("Reshape", [[6]], { shape: [2, 3] }).extra).toEqual([int64s(2, 3)]);
    expect(written("LeakyRelu", [[2]], { alpha: 0.25 }).attributes).toEqual({ alpha: { float: 0.25 } });
    expect(written("Softmax", [[2, 3]], { axis: 1 }).attributes).toEqual({ axis: { int: 1 } });
    expect(written("Transpose", [[2, 3]], { perm: [1, 0] }).attributes).toEqual({ perm: { ints: [1, 0] } });
    expect(written("Pad", [[2, 3]], { begins: [1, 2], ends: [3, -1] }).extra).toEqual([int64s(1, 2, 3, -1)]);
    const normalization = written("InstanceNormalization", [[1, 2, 3], [2], [2]], { epsilon: 0.5 });
    expect(normalization.attributes).toEqual({ epsilon: { float: 0.5 } });
  });
});

/** y = x + w + c, with a weight that is stored and a constant. */
function sum(): ReturnType<GraphBuilder["build"]> {
  const builder = new GraphBuilder("sum");
  const x = builder.input("x", "float32", [2, 3]);
  const w = builder.stored(storeInMemory("w", Tensor.from(Float32Array.of(1, 2, 3), [3])), [1, 3]);
  const c = builder.constant("c", Tensor.from(Float64Array.of(7), []));
  const wide = builder.apply("Cast", [builder.apply("Add", [x, w], {})], { to: "float64" });
  return builder.build({ y: builder.apply("Add", [wide, c], {}) });
}

describe("a model", () => {
  test("has its versions, its name, and the types of what goes in and comes out", () => {
    const model = readOnnx(encodeModel(sum(), inside));
    expect(model).toMatchObject({
      irVersion: 8,
      producer: "vaekit",
      opsets: { "": 18 },
      name: "sum",
      inputs: [{ name: "x", dataType: 1, dims: [2, 3] }],
      outputs: [{ name: "y", dataType: 11, dims: [2, 3] }],
    });
    expect(model.nodes.map(({ operator }) => operator)).toEqual(["Add", "Cast", "Add"]);
  });

  test("holds its constants, and weights inside under the shape in which they are read", () => {
    const bytes = Uint8Array.from({ length: 12 }, (_, index) => index);
    const [w, c] = readOnnx(encodeModel(sum(), () => ({ bytes }))).initializers;
    expect(w).toEqual({ name: "w", dataType: 1, dims: [1, 3], bytes });
    expect(c).toEqual({
      name: "c",
      dataType: 11,
      dims: [],
      bytes: new Uint8Array(Float64Array.of(7).buffer),
    });
  });

  test("names the place of weights that lie in a file, however far inside", () => {
    const place = { location: "a b.safetensors", byteOffset: 2 ** 40 + 1, byteLength: 12 };
    const asked: string[] = [];
    const bytes = encodeModel(sum(), ({ name }) => {
      asked.push(name);
      return place;
    });
    expect(asked).toEqual(["w"]);
    expect(readOnnx(bytes).initializers[0]).toEqual({
      name: "w",
      dataType: 1,
      dims: [1, 3],
      external: { location: "a b.safetensors", offset: "1099511627777", length: "12" },
      location: 1,
    });
  });

  test("is written in the words of a dialect where it has some", () => {
    const asked: string[] = [];
    const dialect: Dialect = (graph, sink) => {
      expect(graph.name).toBe("sum");
      sink.constant("own", Tensor.from(Float32Array.of(9), [1]));
      return {
        leavesOut: ({ operator }) => operator === "Cast",
        take: (node) => {
          asked.push(node.output.name);
          if (node.output.name !== "y") return false;
          const inputs = node.inputs.map(({ name }: Value) => name);
          sink.node({
            operator: "Own",
            domain: "own.domain",
            name: "z",
            inputs,
            outputs: ["y"],
            attributes: {},
          });
          return true;
        },
      };
    };
    const model = readOnnx(encodeModel(sum(), inside, dialect));
    expect(model.nodes.map(({ operator, domain }) => [operator, domain])).toEqual([
      ["Add", ""],
      ["Own", "own.domain"],
    ]);
    expect(model.opsets).toEqual({ "": 18, "own.domain": 1 });
    expect(model.initializers.at(-1)).toMatchObject({ name: "own", dims: [1] });
    expect(asked).toEqual(["Add", "y"]);
  });

  test.each([
    [() => encodeModel({} as never, inside), /encodeModel: expected a Graph/],
    [() => encodeModel(sum(), undefined as never), /encodeModel: place: expected a function/],
    [() => encodeModel(sum(), inside, "plain" as never), /encodeModel: dialect: expected a function/],
    [() => encodeModel(sum(), () => undefined as never), /encodeModel: what place returns: expected/],
  ])("is refused for what is none: %#", (make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(make).toThrow(message);
  });
});
