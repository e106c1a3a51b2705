import { expect, test } from "vitest";
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
  expect(large.joinPieces(pieces).data).toEqual(vector.data);
});

test("a short vector is its only piece, under its own name", () => {
  const layout = new ParameterLayout(new Map([["a", [5, 2]]]));
  expect(layout.pieceNames("ema")).toEqual(["ema"]);
  expect(large.pieceNames("ema")).toEqual(["ema[0]", "ema[1]", "ema[2]", "ema[3]"]);
});
