import { describe, expect, it } from "vitest";
import { bytesInMemory, type ByteSource } from "../tensor/byte-source.ts";
import { Tensor } from "../tensor/tensor.ts";
import { encodeSafetensors, parseSafetensors, readTensor } from "./safetensors.ts";

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}

/** A file with this header, as it is, and `dataBytes` zeros. */
function file(header: unknown, dataBytes = 0, length?: bigint): ByteSource {
  const json =
    header instanceof Uint8Array
      ? header
      : new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length ?? BigInt(json.byteLength), true);
  return bytesInMemory(concat([prefix, json, new Uint8Array(dataBytes)]), "model.safetensors");
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown): Record<string, unknown> => ({
  dtype,
  shape,
  data_offsets: offsets,
});

const everyDType = (): [string, Tensor][] => [
  ["b", Tensor.from(new Uint16Array([1, 2, 3]), [3], "bfloat16")],
  ["a", Tensor.from(new Uint16Array([4, 5, 6]), [3], "float16")],
  ["z", Tensor.from(new Float32Array([1, -2, 3.5, NaN]), [2, 2])],
  ["y", Tensor.from(new Float64Array([Math.PI]), [1])],
  ["i", Tensor.from(new BigInt64Array([-7n]), [])],
  ["u", Tensor.from(new Uint8Array([1, 2, 3, 4, 5]), [5])],
  ["e", Tensor.zeros([0, 3])],
  ["h", Tensor.from(new Uint16Array([7, 8, 9]), [3], "float16")],
];

describe("encodeSafetensors", () => {
  it("lays the file out as Python's safetensors does", () => {
    const bytes = concat(encodeSafetensors(everyDType(), { format: "pt" }));
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    // Made with Python: safetensors.torch.save(tensors, {"format": "pt"}), version 0.8.0.
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))).toBe(
      '{"__metadata__":{"format":"pt"},"i":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"y":{"dtype":"F64","shape":[1],"data_offsets":[8,16]},"e":{"dtype":"F32","shape":[0,3],"data_offsets":[16,16]},"z":{"dtype":"F32","shape":[2,2],"data_offsets":[16,32]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[32,38]},"a":{"dtype":"F16","shape":[3],"data_offsets":[38,44]},"h":{"dtype":"F16","shape":[3],"data_offsets":[44,50]},"u":{"dtype":"U8","shape":[5],"data_offsets":[50,55]}}',
    );
    expect(bytes.byteLength).toBe(8 + headerBytes + 55);
  });

  it("pads the header with spaces to a multiple of 8 bytes", () => {
    expect(concat(encodeSafetensors([]))).toEqual(
      concat([new Uint8Array([8, 0, 0, 0, 0, 0, 0, 0]), new TextEncoder().encode("{}      ")]),
    );
  });

  it("copies no tensor", () => {
    const tensor = Tensor.from(new Float32Array([1, 2]), [2]);
    expect(encodeSafetensors([["a", tensor]])[1]?.buffer).toBe(tensor.data.buffer);
  });

  it("refuses a name that occurs twice, even with two dtypes", () => {
    const twice: [string, Tensor][] = [
      ["a", Tensor.zeros([1])],
      ["a", Tensor.zeros([1], "uint8")],
    ];
    expect(() => encodeSafetensors(twice)).toThrow('the tensor name "a" occurs twice');
  });

  it("refuses a header that readers would refuse", () => {
    const note = "x".repeat(1e8);
    expect(() => encodeSafetensors([], { note })).toThrow(
      /^encodeSafetensors: the header would have 1000000\d\d bytes, above the format's limit of 100000000\.$/,
    );
  });

  it("refuses the name of the metadata", () => {
    expect(() => encodeSafetensors([["__metadata__", Tensor.zeros([1])]])).toThrow("reserved");
  });
});

describe("parseSafetensors", () => {
  it("reads back every dtype bit for bit, wherever it lies in memory", async () => {
    const tensors = new Map(everyDType());
    const encoded = concat(encodeSafetensors(tensors, { format: "pt", note: "é" }));
    for (const shift of [0, 1, 4]) {
      const shifted = new Uint8Array(encoded.byteLength + shift).subarray(shift);
      shifted.set(encoded);
      const checkpoint = await parseSafetensors(bytesInMemory(shifted));
      expect(checkpoint.metadata).toEqual({ format: "pt", note: "é" });
      expect([...checkpoint.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
      for (const [name, stored] of checkpoint.tensors) {
        expect((await readTensor(stored)).equals(tensors.get(name)!), name).toBe(true);
      }
    }
  });

  it("reads tensors at offsets that no typed array can start at", async () => {
    const source = file({ a: entry("U8", [1], [0, 1]), b: entry("F32", [1], [1, 5]) }, 5);
    const { tensors } = await parseSafetensors(source);
    expect((await readTensor(tensors.get("b")!)).data).toEqual(new Float32Array([0]));
  });

  it("gives each read tensor memory of its own", async () => {
    const bytes = concat(encodeSafetensors([["a", Tensor.zeros([2])]]));
    const { tensors } = await parseSafetensors(bytesInMemory(bytes));
    const tensor = await readTensor(tensors.get("a")!);
    tensor.data[0] = 1;
    expect((await readTensor(tensors.get("a")!)).data).toEqual(new Float32Array([0, 0]));
  });

  it("keeps names that JavaScript objects treat specially", async () => {
    const names = ["0", "__proto__", "constructor", 'quote " and \n', "10", "2"];
    const bytes = concat(encodeSafetensors(names.map((name) => [name, Tensor.zeros([1])])));
    const { tensors } = await parseSafetensors(bytesInMemory(bytes));
    expect([...tensors.keys()].sort()).toEqual([...names].sort());
  });

  it("leaves out what is not selected", async () => {
    const source = file({ a: entry("F8_E4M3", [4], [0, 4]), b: entry("F32", [1], [4, 8]) }, 8);
    const { tensors } = await parseSafetensors(source, { select: () => (name) => name === "b" });
    expect([...tensors.keys()]).toEqual(["b"]);
  });

  it.each(["I32", "BOOL", "F8_E4M3", "F8_E5M2", "I8", "I16", "U16", "U32", "U64", "C64"])(
    "finds a tensor of dtype %s, and refuses it only where its numbers are asked for",
    async (dtype) => {
      const bytes = { I32: 4, U32: 4, BOOL: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, I16: 2, U16: 2 }[dtype] ?? 8;
      const source = file(
        { a: entry(dtype, [1], [0, bytes]), b: entry("F32", [1], [bytes, bytes + 4]) },
        bytes + 4,
      );
      const { tensors } = await parseSafetensors(source);
      expect(tensors.get("a")).toMatchObject({ dtype: undefined, storedDType: dtype, shape: [1] });
      expect((await readTensor(tensors.get("b")!)).data).toEqual(new Float32Array([0]));
      await expect(readTensor(tensors.get("a")!)).rejects.toMatchObject({
        code: "INVALID_FILE",
        message: `model.safetensors: tensor "a": expected one of the dtypes I64, F64, F32, BF16, F16, U8, found ${dtype}. Save it as one of these.`,
      });
    },
  );

  const f32 = entry("F32", [1], [0, 4]);
  const hostile: [string, ByteSource, string][] = [
    [
      "an empty file",
      bytesInMemory(new Uint8Array(0), "model.safetensors"),
      "found an empty file. Download it again.",
    ],
    [
      "zeros",
      bytesInMemory(new Uint8Array(7), "model.safetensors"),
      "found zeros, as a download leaves them",
    ],
    [
      "a file of 7 bytes",
      bytesInMemory(new Uint8Array([2, 0, 0, 0, 0, 0, 0]), "model.safetensors"),
      "at least 8 bytes, found 7",
    ],
    [
      "other binary data",
      bytesInMemory(
        new Uint8Array(100).map((_, i) => 0xde ^ (i * 37)),
        "model.safetensors",
      ),
      "not a safetensors file: expected the length of a header and a brace",
    ],
    ["a header longer than the file", file("{}", 0, 99n), "expected a header of 99 bytes, found only 2"],
    ["a header above the limit", file("{}", 0, 100_000_001n), "at most 33554432 bytes"],
    ["a length of 2^64 - 1", file("{}", 0, 2n ** 64n - 1n), "found other bytes"],
    ["an empty header", file("", 9), "found zeros"],
    ["a header that is not JSON", file("{'a':1}"), "header: expected JSON"],
    ["text after the JSON", file("{}\0"), "header: expected JSON"],
    ["a byte order mark", file("\uFEFF{}"), "found other bytes"],
    ["a header that is not UTF-8", file(new Uint8Array([0x7b, 0xff, 0x7d])), "not UTF-8"],
    ["an array as header", file("[]"), "found other bytes"],
    ["null as header", file("null"), "found other bytes"],
    [
      "more dimensions than any tensor has",
      file({ a: entry("U8", Array(65).fill(1), [0, 1]) }, 1),
      "at most 64",
    ],
    ["nesting beyond any stack", file(`{"a":${"[".repeat(200_000)}`), "at most 128 deep"],
    [
      "a name that occurs twice",
      file(`{"a":${JSON.stringify(f32)},"\\u0061":${JSON.stringify(f32)}}`, 4),
      'header: has the key "a" twice',
    ],
    [
      "a dtype that occurs twice",
      file('{"a":{"dtype":"F32","dtype":"U8","shape":[4],"data_offsets":[0,4]}}', 4),
      'header: has the key "dtype" twice',
    ],
    [
      "a tensor that is null",
      file({ a: null }),
      "expected an object with dtype, shape and data_offsets, found null",
    ],
    ["a tensor that is a list", file({ a: [] }), "expected an object with dtype"],
    ["an unknown dtype", file({ a: entry("F31", [1], [0, 4]) }, 4), 'F64, I64, U64, C64, found "F31"'],
    ["a dtype of Object.prototype", file({ a: entry("toString", [1], [0, 4]) }, 4), 'found "toString"'],
    ["a missing dtype", file({ a: entry(undefined, [1], [0, 4]) }, 4), "found nothing"],
    ["a negative dimension", file({ a: entry("F32", [-1], [0, 4]) }, 4), "non-negative integers, found [-1]"],
    ["a fractional dimension", file({ a: entry("F32", [0.5], [0, 4]) }, 4), "found [0.5]"],
    ["a dimension that is text", file({ a: entry("F32", ["1"], [0, 4]) }, 4), 'found ["1"]'],
    [
      "a dimension above 2^53",
      file('{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 4),
      "non-negative integers",
    ],
    ["a shape that is no list", file({ a: entry("F32", 1, [0, 4]) }, 4), "found 1"],
    [
      "a size written 1.0",
      file('{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', 4),
      'found "1.0"',
    ],
    [
      "a size written 1e0",
      file('{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', 4),
      'found "1e0"',
    ],
    [
      "an offset written -0",
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[-0,4]}}', 4),
      'found "-0"',
    ],
    [
      "half of a surrogate pair as a name",
      file('{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      "half of a surrogate pair",
    ],
    [
      "a header above our own limit",
      file("{}", 0, 33_554_433n),
      "at most 33554432 bytes, which is enough for 40000",
    ],
    [
      "more tensors than a checkpoint has",
      file(`{${Array.from({ length: 40_001 }, (_, i) => `"${i}":0`).join(",")}}`),
      "expected at most 40000 tensors, found 40001",
    ],
    [
      "millions of objects in one tensor",
      file(`{"a":[${"{},".repeat(2_000_000)}{}]}`),
      "at most 450000 values",
    ],
    ["a missing shape", file({ a: entry("F32", undefined, [0, 4]) }, 4), "found nothing"],
    [
      "three offsets",
      file({ a: entry("F32", [1], [0, 4, 8]) }, 8),
      "two non-negative integers, found [0,4,8]",
    ],
    ["a negative offset", file({ a: entry("F32", [1], [-4, 0]) }, 4), "two non-negative integers"],
    [
      "an infinite offset",
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}', 4),
      "two non-negative",
    ],
    [
      "offsets in reverse",
      file({ a: entry("F32", [1], [4, 0]) }, 4),
      "expected data_offsets in order, found [4,0]",
    ],
    [
      "offsets beyond the file",
      file({ a: entry("F32", [2], [0, 8]) }, 4),
      "expected 70 bytes, as its header says, found 66: the file is cut off",
    ],
    [
      "too few bytes for the shape",
      file({ a: entry("F32", [2], [0, 4]) }, 4),
      "expected 8 bytes for F32 [2], found 4",
    ],
    ["a scalar without bytes", file({ a: entry("F32", [], [0, 0]) }), "expected 4 bytes for F32 [], found 0"],
    ["half a byte", file({ a: entry("F4", [1], [0, 1]) }, 1), "expected 0.5 bytes for F4 [1], found 1"],
    ["a size that overflows", file({ a: entry("F32", [2 ** 40, 2 ** 40], [0, 4]) }, 4), "is too large"],
    ["a size that overflows to 0", file({ a: entry("U8", [2 ** 32, 2 ** 32, 0], [0, 0]) }), "is too large"],
    [
      "tensors that overlap",
      file({ a: entry("F32", [2], [0, 8]), b: entry("F32", [1], [4, 8]) }, 8),
      'tensor "b": expected its data to start at 8, found 4: it overlaps',
    ],
    [
      "two tensors on the same bytes",
      file({ a: f32, b: f32 }, 4),
      'tensor "b": expected its data to start at 4, found 0: it overlaps',
    ],
    [
      "a gap between tensors",
      file({ a: f32, b: entry("F32", [1], [8, 12]) }, 12),
      'tensor "b": expected its data to start at 4, found 8: bytes before it are unused',
    ],
    ["a gap at the start", file({ a: entry("F32", [1], [4, 8]) }, 8), "bytes before it are unused"],
    [
      "bytes after the last tensor",
      file({ a: f32 }, 5),
      "expected 4 bytes of data, as its tensors take, found 5",
    ],
    ["data without tensors", file("{}", 1), "expected 0 bytes of data"],
    [
      "metadata that is no object",
      file({ __metadata__: "pt" }),
      '__metadata__ to be an object of strings, found "pt"',
    ],
    ["metadata that is a list", file({ __metadata__: ["pt"] }), "object of strings"],
    ["metadata with a number", file({ __metadata__: { format: 1 } }), 'found {"format":1}'],
  ];
  it.each(hostile)("refuses %s", async (_, source, message) => {
    await expect(parseSafetensors(source)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringMatching(/^model\.safetensors: /) as string,
    });
    await expect(parseSafetensors(source)).rejects.toThrow(message);
  });

  it.each([
    [
      "a Git LFS pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
      "run `git lfs pull`",
    ],
    ["an HTML page", "<!DOCTYPE html><html><body>Sign in</body></html>", "a login or error page was saved"],
    [
      "a server's answer",
      '{"error":"Invalid credentials in Authorization header"}',
      "JSON text, such as a config or",
    ],
  ])("says that a file is %s", async (_, text, message) => {
    const source = bytesInMemory(new TextEncoder().encode(text), "model.safetensors");
    const error = await parseSafetensors(source).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "INVALID_FILE" });
    expect((error as Error).message.toLowerCase()).toContain(message.toLowerCase());
  });

  it("refuses a pickle as such", async () => {
    const source = bytesInMemory(
      new Uint8Array([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46]),
      "model.safetensors",
    );
    await expect(parseSafetensors(source)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining(
        "found a pickle, as PyTorch writes it. vaekit refuses it because",
      ) as string,
    });
  });

  it("shows no more of a hostile name than a line, with control characters escaped", async () => {
    const source = file({ [`\u001b[2J${"x".repeat(10_000)}`]: null });
    const error = await parseSafetensors(source).catch((thrown: unknown) => thrown);
    expect((error as Error).message.length).toBeLessThan(300);
    expect((error as Error).message).toContain(String.raw`"\u001b[2J`);
  });

  it("accepts white space around the header's JSON", async () => {
    const { tensors } = await parseSafetensors(file(` \n${JSON.stringify({ a: f32 })}  `, 4));
    expect([...tensors.keys()]).toEqual(["a"]);
  });

  it("accepts empty tensors, keys of its own in entries, and null metadata, as Python does", async () => {
    const source = file(
      { __metadata__: null, a: entry("F32", [0], [0, 0]), b: { ...f32, x: 1 }, c: entry("F32", [0], [4, 4]) },
      4,
    );
    const { tensors, metadata } = await parseSafetensors(source);
    expect([...tensors.keys()]).toEqual(["a", "b", "c"]);
    expect(metadata).toEqual({});
  });
});
