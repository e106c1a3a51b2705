import { describe, expect, test } from "vitest";
import { bytesInMemory } from "../tensor/byte-source.ts";
import type { Shape } from "../tensor/shape.ts";
import { storeInMemory, type FoundTensor, type StoredTensor } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  countParameters,
  filesOf,
  finderOf,
  matchShapes,
  readWeights,
  unexpectedWarning,
} from "./model-weights.ts";

const shapes = (...entries: [string, Shape][]): Map<string, Shape> => new Map(entries);
const stored = (name: string, shape: Shape): [string, StoredTensor] => [
  name,
  storeInMemory(name, Tensor.zeros(shape)),
];
const mismatch = (message: string): Error =>
  expect.objectContaining({ code: "WEIGHTS_MISMATCH", message }) as Error;

describe("matchShapes", () => {
  test("finds the model's parameters in the model's order, and names what is left over", () => {
    const found = new Map([stored("extra", [1]), stored("b", [2]), stored("a", [3]), stored("more", [1])]);
    const { parameters, unexpected } = matchShapes(shapes(["a", [3]], ["b", [2]]), found, "file");
    expect([...parameters.keys()]).toEqual(["a", "b"]);
    expect(parameters.get("b")).toBe(found.get("b"));
    expect(unexpected).toEqual(["extra", "more"]);
  });

  test.each([
    [1, "a"],
    [2, "a, b"],
    [3, "a, b, c"],
    [4, "a, b, c and 1 more"],
    [5, "a, b, c and 2 more"],
  ])("names up to three of %i that are missing", (count, listed) => {
    const names = ["a", "b", "c", "d", "e"].slice(0, count);
    const wanted = shapes(...names.map((name): [string, Shape] => [name, [1]]), ["there", [1]]);
    expect(() => matchShapes(wanted, new Map([stored("there", [1])]), "file")).toThrow(
      mismatch(
        `file: expected the ${count + 1} tensors of this config, found no ${listed}. Check that the config belongs to these weights and that the file is whole.`,
      ),
    );
  });

  test.each<[Shape, Shape]>([
    [
      [4, 4],
      [4, 4],
    ],
    [
      [4, 4, 1, 1],
      [4, 4],
    ],
    [
      [4, 4, 1],
      [4, 4],
    ],
  ])("takes %j for %j", (found, wanted) => {
    const match = matchShapes(shapes(["w", wanted]), new Map([stored("w", found)]), "file");
    expect(match.parameters.get("w")!.shape).toEqual(found);
  });

  test.each<[Shape, Shape]>([
    [
      [4, 4, 3, 1],
      [4, 4],
    ],
    [
      [4, 4, 1, 3],
      [4, 4],
    ],
    [[4], [4, 1]],
    [
      [1, 4, 4],
      [4, 4],
    ],
    [
      [4, 5],
      [4, 4],
    ],
  ])("refuses %j for %j", (found, wanted) => {
    expect(() => matchShapes(shapes(["w", wanted]), new Map([stored("w", found)]), "file")).toThrow(
      mismatch(
        `file: expected w to be [${wanted.join(", ")}], found [${found.join(", ")}]. Check that the config belongs to these weights.`,
      ),
    );
  });

  test("refuses a parameter of whole numbers, and any dtype elsewhere", () => {
    const whole = (name: string): [string, FoundTensor] => [
      name,
      storeInMemory(name, Tensor.zeros([1], "int64")),
    ];
    expect(() => matchShapes(shapes(["a", [1]]), new Map([whole("a")]), "file")).toThrow(
      expect.objectContaining({ code: "INVALID_FILE" }),
    );
    const beside = new Map([stored("a", [1]), whole("step")]);
    expect(matchShapes(shapes(["a", [1]]), beside, "file").unexpected).toEqual(["step"]);
  });
});

describe("matched weights", () => {
  const place = (name: string, shape: Shape, path?: string): [string, StoredTensor] => {
    const source = { ...bytesInMemory(new Uint8Array(64), name), ...(path === undefined ? {} : { path }) };
    return [name, { name, shape, dtype: "float32", source, byteOffset: 0, byteLength: 4 }];
  };

  test("are counted in scalars, and their files once each", () => {
    const parameters = new Map([
      place("a", [2, 3], "/x"),
      place("b", [5], "/y"),
      place("c", [], "/x"),
      place("d", [4]),
    ]);
    const weights = { parameters, unexpected: [] };
    expect(countParameters(weights)).toBe(16);
    expect(filesOf(weights)).toEqual(["/x", "/y"]);
    expect(finderOf(weights)("b", [5])).toBe(parameters.get("b"));
  });

  test("are read in order, each into memory of its own", async () => {
    const tensors = [1, 2].map((value) => Tensor.from(Float32Array.of(value), [1]));
    const parameters = new Map(tensors.map((tensor, i) => [`w${i}`, storeInMemory(`w${i}`, tensor)]));
    const read = await readWeights({ parameters, buffers: new Map() });
    expect([...read].map(([name, { data }]) => [name, data[0]])).toEqual([
      ["w0", 1],
      ["w1", 2],
    ]);
    read.get("w0")!.data[0] = 9;
    expect(tensors[0]!.data[0]).toBe(1);
  });

  test("warn of what nothing uses", () => {
    expect(unexpectedWarning(["a", "b", "c", "d"], "Kind", "file")).toBe(
      "file: ignored 4 tensors that Kind does not have: a, b, c and 1 more.",
    );
  });
});
