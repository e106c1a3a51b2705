import { expect, test } from "vitest";
import { GraphBuilder, print } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { ParameterLayout } from "./parameter-layout.ts";

const large = new ParameterLayout(
  new Map([
    ["a", [2 ** 18]],
    ["b", [2 ** 17, 2]],
    ["c", [3]],
    ["d", [2 ** 10, 2 ** 10]],
    ["e", []],
  ]),
);

test("pieces are whole parameters in a row, of 2 MiB at most where one parameter is not more", () => {
  const found = large.pieces.map(({ start, end, places }) => ({
    start,
    end,
    names: places.map(({ name }) => name).join(),
  }));
  expect(found).toEqual([
    { start: 0, end: 2 ** 19, names: "a,b" },
    { start: 2 ** 19, end: 2 ** 19 + 3, names: "c" },
    { start: 2 ** 19 + 3, end: 2 ** 19 + 3 + 2 ** 20, names: "d" },
    { start: 2 ** 19 + 3 + 2 ** 20, end: large.size, names: "e" },
  ]);
});

test("the pieces of a vector, joined, are the vector", () => {
  const vector = Tensor.from(
    Float32Array.from({ length: large.size }, (_, index) => index),
    [large.size],
  );
  const pieces = large.cut(vector);
  expect(pieces.map(({ shape }) => shape)).toEqual([[2 ** 19], [3], [2 ** 20], [1]]);
  expect(large.joinPieces(pieces).equals(vector)).toBe(true);
});

test("a short vector is its only piece, under its own name", () => {
  const layout = new ParameterLayout(new Map([["a", [5, 2]]]));
  expect(layout.pieceNames("ema")).toEqual(["ema"]);
  expect(large.pieceNames("ema")).toEqual(["ema[0]", "ema[1]", "ema[2]", "ema[3]"]);
});

test("in a graph, parameters are cut out of their own piece, and joined in their order", () => {
  const layout = new ParameterLayout(
    new Map([
      ["a", [2 ** 19]],
      ["b", [2]],
      ["c", [3, 2]],
    ]),
  );
  const builder = new GraphBuilder("layout");
  const pieces = layout.inputs(builder, "parameters");
  expect(pieces.map(({ name, shape }) => [name, shape])).toEqual([
    ["parameters[0]", [2 ** 19]],
    ["parameters[1]", [8]],
  ]);
  const values = layout.splitValues(builder, pieces);
  expect([...values].map(([name, { shape }]) => [name, shape])).toEqual([
    ["a", [2 ** 19]],
    ["b", [2]],
    ["c", [3, 2]],
  ]);
  const joined = layout.joinValues(builder, [...values.values()]);
  expect(joined.map(({ shape }) => shape)).toEqual([[2 ** 19], [8]]);
  const text = print(builder.build({ first: joined[0]!, second: joined[1]! }));
  const slices = text.split("\n").filter((line) => line.includes("Slice("));
  expect(slices.map((line) => /\{.*\}/.exec(line)![0])).toEqual([
    "{axes=[1] starts=[0] ends=[2]}",
    "{axes=[1] starts=[2] ends=[8]}",
  ]);
  expect(text).toContain("{axis=0}");
});

test("parameters become a vector and come back, and one that is missing or of another shape is named", () => {
  const layout = new ParameterLayout(
    new Map([
      ["a", [2]],
      ["b", [1, 2]],
    ]),
  );
  const tensors = new Map<string, Tensor>([
    ["b", Tensor.from(Float64Array.of(3, 4), [1, 2])],
    ["a", Tensor.from(Float32Array.of(1, 2), [2])],
  ]);
  const vector = layout.join(tensors);
  expect([...vector.data]).toEqual([1, 2, 3, 4]);
  expect([...layout.split(vector)].map(([name, { data, shape }]) => [name, [...data], shape])).toEqual([
    ["a", [1, 2], [2]],
    ["b", [3, 4], [1, 2]],
  ]);
  const mismatch = (found: string): unknown =>
    expect.objectContaining({
      code: "WEIGHTS_MISMATCH",
      message: `expected parameter b of shape [1, 2], found ${found}.`,
    });
  expect(() => layout.join(new Map([...tensors, ["b", Tensor.zeros([2])]]))).toThrow(mismatch("[2]"));
  expect(() => layout.join(new Map([["a", Tensor.zeros([2])]]))).toThrow(mismatch("none"));
});
