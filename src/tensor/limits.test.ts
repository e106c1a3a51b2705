/** What a tensor is made of, what it shows, and what is none. */
import { describe, expect, test } from "vitest";
import { bytesInMemory } from "./byte-source.ts";
import { checkTensor } from "./check-tensor.ts";
import { arrayClass, bytesPerElement, dtypeOfArray, type DType } from "./dtype.ts";
import { formatNumber } from "./print.ts";
import { checkShape, formatShape, sameShape, sizeOf } from "./shape.ts";
import { storeInMemory } from "./stored-tensor.ts";
import { isDType, Tensor } from "./tensor.ts";

const row = (...values: number[]): Tensor<"float32"> =>
  Tensor.from(Float32Array.from(values), [values.length]);

describe("a dtype", () => {
  test.each<[DType, number, string]>([
    ["float32", 4, "Float32Array"],
    ["float64", 8, "Float64Array"],
    ["float16", 2, "Uint16Array"],
    ["bfloat16", 2, "Uint16Array"],
    ["int64", 8, "BigInt64Array"],
    ["uint8", 1, "Uint8Array"],
  ])("%s has %i bytes in a %s", (dtype, bytes, array) => {
    const tensor = Tensor.zeros([3], dtype);
    expect(bytesPerElement(dtype)).toBe(bytes);
    expect([tensor.byteLength, tensor.bytes.length, tensor.size]).toEqual([3 * bytes, 3 * bytes, 3]);
    expect(tensor.data.constructor.name).toBe(array);
    expect(isDType(tensor, dtype)).toBe(true);
    expect(isDType(tensor, dtype === "uint8" ? "float32" : "uint8")).toBe(false);
  });

  test("is that of an array's class, where the class has one reading", () => {
    expect(dtypeOfArray(new Float32Array(1))).toBe("float32");
    expect(dtypeOfArray(new Float64Array(1))).toBe("float64");
    expect(dtypeOfArray(new BigInt64Array(1))).toBe("int64");
    expect(dtypeOfArray(new Uint8Array(1))).toBe("uint8");
    for (const other of [
      new Uint16Array(1),
      new Uint8ClampedArray(1),
      new Int32Array(1),
      new BigUint64Array(1),
      new DataView(new ArrayBuffer(1)),
      [1],
      undefined,
    ]) {
      expect(dtypeOfArray(other)).toBeUndefined();
    }
    expect(arrayClass(new DataView(new ArrayBuffer(1)))).toBeUndefined();
    expect(arrayClass(new Int32Array(1))).toBe("Int32Array");
  });

  test.each([new Int32Array(2), new Uint8ClampedArray(2), new Uint32Array(2), new BigUint64Array(2)])(
    "is none of %o's",
    (array) => {
      expect(() => Tensor.from(array as never, [2])).toThrow(
        'Tensor.from: expected a Float32Array, Float64Array, BigInt64Array or Uint8Array, or a Uint16Array with its dtype ("float16" or "bfloat16"), found',
      );
    },
  );

  test.each(["float8", "Float32", "toString", 3, null])("is not %j", (dtype) => {
    expect(() => Tensor.zeros([1], dtype as never)).toThrow(
      "Tensor.zeros: expected a dtype (float32, float64, float16, bfloat16, int64, uint8), found",
    );
  });
});

describe("a tensor", () => {
  test("shows the bytes of its own part of a larger buffer, and shares them", () => {
    const tensor = Tensor.from(Float32Array.of(9, 1, 2).subarray(1), [2]);
    expect([...new Float32Array(tensor.bytes.slice().buffer)]).toEqual([1, 2]);
    tensor.bytes.fill(0);
    expect([...tensor.data]).toEqual([0, 0]);
  });

  test("is reshaped without a copy, to the same number of elements only", () => {
    const tensor = row(1, 2, 3, 4);
    const square = tensor.reshape([2, 2]);
    expect(square.data).toBe(tensor.data);
    expect(square.shape).toEqual([2, 2]);
    for (const shape of [[3], [5], []]) {
      expect(() => tensor.reshape(shape)).toThrow(
        `reshape: expected a shape of 4 elements to replace [4], found ${formatShape(shape)}.`,
      );
    }
    expect(() => tensor.reshape([-2, -2])).toThrow("reshape: expected a shape of non-negative integers");
  });

  test("is compared by dtype, shape and every bit", () => {
    expect(row(0).equals(row(-0))).toBe(false);
    expect(row(NaN).equals(row(NaN))).toBe(true);
    expect(row(1, 2).equals(row(1, 2).reshape([2, 1]))).toBe(false);
    const bits = Uint16Array.of(1, 2);
    const half = Tensor.from(bits, [2], "float16");
    expect(half.equals(Tensor.from(bits, [2], "float16"))).toBe(true);
    expect(half.equals(Tensor.from(bits, [2], "bfloat16"))).toBe(false);
    expect(row(1).equals({ dtype: "float32", shape: [1], bytes: row(1).bytes } as never)).toBe(false);
  });

  test("of any dtype becomes float32, and float32 any float of 16 bits", () => {
    expect([...Tensor.from(BigInt64Array.of(-3n), [1]).toFloat32().data]).toEqual([-3]);
    expect([...Tensor.from(Uint8Array.of(255), [1]).toFloat32().data]).toEqual([255]);
    expect([...Tensor.from(Float64Array.of(0.1), [1]).toFloat32().data]).toEqual([Math.fround(0.1)]);
    expect(row(1).toFloat("float32")).toMatchObject({ dtype: "float32" });
    const half = row(1).toFloat("float16");
    expect([half.dtype, half.data[0]]).toEqual(["float16", 0x3c00]);
    const brain = half.toFloat("bfloat16");
    expect([brain.dtype, brain.data[0]]).toEqual(["bfloat16", 0x3f80]);
    expect(() => row(1).toFloat("int64" as never)).toThrow(
      'toFloat: expected "float32", "float16" or "bfloat16", found "int64".',
    );
  });

  test.each<[Tensor, string]>([
    [row(1, 2, 4), "Tensor float32 [3], 1 … 4, mean 2.333"],
    [row(NaN, NaN), "Tensor float32 [2], 2 not finite"],
    [row(1, Infinity), "Tensor float32 [2], 1 … 1, mean 1, 1 not finite"],
    [Tensor.zeros([2, 0]), "Tensor float32 [2, 0], empty"],
    [Tensor.from(BigInt64Array.of(-2n, 4n), [2]), "Tensor int64 [2], -2 … 4, mean 1"],
    [row(1.5, -1).toFloat("bfloat16"), "Tensor bfloat16 [2], -1 … 1.5, mean 0.25"],
    [row(1.5, -1).toFloat("float16"), "Tensor float16 [2], -1 … 1.5, mean 0.25"],
    [Tensor.from(Uint8Array.of(7), []), "Tensor uint8 [], 7 … 7, mean 7"],
  ])("says what it holds (%#)", (tensor, text) => {
    expect(String(tensor)).toBe(text);
  });

  test("numbers are shown with four digits and no trailing zeros", () => {
    expect([0.123456, 123456.789, 1.5, 12345, 1e-9].map(formatNumber)).toEqual([
      "0.1235",
      "123500",
      "1.5",
      "12345",
      "1e-9",
    ]);
  });
});

describe("a shape", () => {
  test("has a size, a text and equals", () => {
    expect([sizeOf([]), sizeOf([2, 3]), sizeOf([2, 0])]).toEqual([1, 6, 0]);
    expect([formatShape([]), formatShape([1, 2])]).toEqual(["[]", "[1, 2]"]);
    expect([
      sameShape([1, 2], [1, 2]),
      sameShape([1], [1, 2]),
      sameShape([1, 2], [1]),
      sameShape([1, 2], [2, 1]),
    ]).toEqual([true, false, false, false]);
  });

  test.each<[unknown, string]>([
    [3, "x: expected a shape as an array of integers, found 3."],
    [[1, -1], "x: expected a shape of non-negative integers, found [1, -1]."],
    [[1.5], "found [1.5]."],
    [["1"], 'found ["1"].'],
    [[2 ** 53], "found [9007199254740992]."],
  ])("is not %j", (shape, message) => {
    expect(() => {
      checkShape(shape as number[], "x");
    }).toThrow(message);
  });

  test("may have no elements", () => {
    checkShape([0], "x");
    checkShape([], "x");
  });
});

describe("checkTensor", () => {
  test.each<[unknown, string]>([
    [undefined, "undefined."],
    [new Float32Array(2), "a Float32Array of 2: use Tensor.from(array, shape)."],
    [
      { dims: [1, 2, 3, 4, 5, 6, 7, 8, 9], data: [] },
      "a tensor of another library with dims [1, 2, 3, 4, 5, 6, 7, 8]: use Tensor.from(t.data, t.dims).",
    ],
    [{ dims: 3, data: [] }, "a tensor of another library with dims of its own: use"],
    [
      { shape: [], data: [], dtype: "x" },
      "an object with a tensor's fields, such as structuredClone makes: use Tensor.from(t.data, t.shape, t.dtype).",
    ],
    [{ latentDist: {} }, "the output of encode: take its latentDist.mode() or .sample()."],
    [{ sample: Tensor.zeros([1]) }, "the output of decode: take its sample."],
    [{ sample: 3 }, "an object with sample."],
    [{ parameters: [], mode: [] }, "a posterior: take its mode() or sample()."],
    [{ width: 1, height: 1, data: [] }, "a picture: VaeImageProcessor.preprocess makes a Tensor of it."],
    [{ then: () => undefined }, "a promise: await it first."],
    [{ dims: null, data: [] }, "an object with dims, data."],
  ])("says what %j is", (value, found) => {
    expect(() => {
      checkTensor(value, "x");
    }).toThrow(`x: expected a vaekit Tensor, found ${found}`);
  });

  test("takes a tensor", () => {
    checkTensor(Tensor.zeros([1]), "x");
  });
});

describe("what lies in memory", () => {
  test("is read in parts, and is the source's own", async () => {
    const source = bytesInMemory(Uint8Array.of(1, 2, 3, 4));
    expect([source.name, source.byteLength, source.isShared]).toEqual(["memory", 4, true]);
    expect([...(await source.read(1, 2))]).toEqual([2, 3]);
    expect(bytesInMemory(Uint8Array.of(1), "x").name).toBe("x");
  });

  test("is stored under its name, with what it is", async () => {
    const stored = storeInMemory("w", row(1, 2).reshape([1, 2]));
    expect(stored).toMatchObject({
      name: "w",
      dtype: "float32",
      shape: [1, 2],
      byteOffset: 0,
      byteLength: 8,
    });
    expect([...(await stored.source.read(4, 4))]).toEqual([...row(2).bytes]);
    expect(stored.source.name).toBe("w");
  });
});
