/** Files at the limits of what a header may hold, and what is written and read beside the usual. */
import { describe, expect, it } from "vitest";
import { bytesInMemory, type ByteSource } from "../tensor/byte-source.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { floatTensor, readableTensor } from "./needed-tensor.ts";
import { encodeSafetensors, parseSafetensors, readTensor } from "./safetensors.ts";

function file(header: string, dataBytes = 0, length?: bigint): ByteSource {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytesInMemory(bytes, "model.safetensors");
}

const entry = (shape: readonly number[], begin: number, end: number, extra = ""): string =>
  `{"dtype":"U8","shape":${JSON.stringify(shape)},"data_offsets":[${begin},${end}]${extra}}`;

describe("a header at its limit", () => {
  it("may have 40000 tensors", async () => {
    const entries = Array.from({ length: 40_000 }, (_, i) => `"${i}":${entry([0], 0, 0)}`);
    expect((await parseSafetensors(file(`{${entries.join(",")}}`))).tensors.size).toBe(40_000);
  });

  it("may have 64 dimensions", async () => {
    const { tensors } = await parseSafetensors(file(`{"a":${entry(Array<number>(64).fill(1), 0, 1)}}`, 1));
    expect(tensors.get("a")!.shape).toHaveLength(64);
  });

  it("may be 32 MiB long, and no longer", async () => {
    await expect(parseSafetensors(file("{}", 0, 33_554_432n))).rejects.toThrow(
      "expected a header of 33554432 bytes, found only 2 bytes after its length: the file is cut off, or not safetensors.",
    );
    await expect(parseSafetensors(file("{}", 0, 33_554_433n))).rejects.toThrow("at most 33554432 bytes");
  });

  it("may be nested 128 deep", async () => {
    const nested = (depth: number): string => `,"x":${"[".repeat(depth)}${"]".repeat(depth)}`;
    const of = (depth: number) => parseSafetensors(file(`{"a":${entry([0], 0, 0, nested(depth))}}`));
    expect((await of(126)).tensors.size).toBe(1);
    await expect(of(127)).rejects.toThrow("at most 128 deep");
  });

  it("is looked for where there are the eight bytes of its length", async () => {
    const of = (length: number) => parseSafetensors(bytesInMemory(new Uint8Array(length).fill(2), "x"));
    await expect(of(7)).rejects.toThrow("expected a safetensors file of at least 8 bytes, found 7.");
    await expect(of(8)).rejects.toThrow(
      "not a safetensors file: expected the length of a header and a brace",
    );
  });

  it("of eight bytes has no tensors", async () => {
    expect((await parseSafetensors(file("{}      "))).tensors.size).toBe(0);
    expect((await parseSafetensors(file("{}"))).tensors.size).toBe(0);
  });
});

describe("tensors without bytes", () => {
  it("may lie where others begin, in any order of their names", async () => {
    const header = `{"b":${entry([2], 0, 2)},"a":${entry([0], 0, 0)},"d":${entry([0], 2, 2)},"c":${entry([1], 2, 3)}}`;
    const { tensors } = await parseSafetensors(file(header, 3));
    expect([...tensors].map(([name, { byteLength }]) => `${name}${byteLength}`)).toEqual([
      "b2",
      "a0",
      "d0",
      "c1",
    ]);
  });
});

describe("what is selected", () => {
  it("is asked for once, with all names, and everything is checked all the same", async () => {
    const asked: (readonly string[])[] = [];
    const select = (names: readonly string[]) => {
      asked.push(names);
      return (name: string): boolean => name === "b";
    };
    const header = `{"a":${entry([1], 0, 1)},"b":${entry([1], 1, 2)}}`;
    expect([...(await parseSafetensors(file(header, 2), { select })).tensors.keys()]).toEqual(["b"]);
    expect(asked).toEqual([["a", "b"]]);
    await expect(parseSafetensors(file(header, 1), { select })).rejects.toThrow("the file is cut off");
  });
});

describe("arguments", () => {
  it.each<[() => unknown, string]>([
    [
      () => parseSafetensors(3 as never),
      "parseSafetensors: expected a ByteSource { name, byteLength, read }, as openFileSource makes, found 3.",
    ],
    [() => parseSafetensors({ read: () => 1 } as never), "parseSafetensors: expected a ByteSource"],
    [() => parseSafetensors({ byteLength: 1 } as never), "parseSafetensors: expected a ByteSource"],
    [
      () => parseSafetensors(file("{}"), { selects: 1 } as never),
      "unknown option selects; did you mean select?",
    ],
    [
      () => readTensor({} as never),
      "readTensor: expected a tensor of a Checkpoint, as parseSafetensors finds",
    ],
    [
      () => Promise.resolve(encodeSafetensors(3 as never)),
      "encodeSafetensors: expected names and tensors, as a Map or a list of pairs",
    ],
    [
      () => Promise.resolve(encodeSafetensors([3] as never)),
      "encodeSafetensors: expected a pair of a name and a Tensor",
    ],
    [
      () => Promise.resolve(encodeSafetensors([[3, Tensor.zeros([1])]] as never)),
      "expected a pair of a name and a Tensor",
    ],
    [
      () => Promise.resolve(encodeSafetensors([["a", 3]] as never)),
      'encodeSafetensors: "a": expected a vaekit Tensor',
    ],
    [
      () => Promise.resolve(encodeSafetensors([], { a: 3 } as never)),
      "encodeSafetensors: metadata: expected an object of texts",
    ],
    [
      () => Promise.resolve(encodeSafetensors([], ["a"] as never)),
      "encodeSafetensors: metadata: expected an object of texts",
    ],
  ])("are checked (%#)", async (call, message) => {
    await expect(Promise.resolve().then(call)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string,
    });
  });
});

describe("what is written", () => {
  const textOf = (chunks: readonly Uint8Array[]): string =>
    new TextDecoder().decode(chunks[0]!.subarray(8)).trimEnd();

  it("is in the order of names within a dtype, whatever order it was given in", () => {
    const tensors: [string, Tensor][] = ["b", "a", "B", "10", "9"].map((name) => [
      name,
      Tensor.zeros([1], "uint8"),
    ]);
    const names = Object.entries(
      JSON.parse(textOf(encodeSafetensors(tensors))) as Record<string, { data_offsets: [number, number] }>,
    );
    const inOrder = names.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]).map(([name]) => name);
    expect(inOrder).toEqual(["10", "9", "B", "a", "b"]);
  });

  it("has metadata where it is given, and a length of whole eights", () => {
    const chunks = encodeSafetensors(new Map([["a", Tensor.zeros([1])]]), { format: "pt" });
    expect(textOf(chunks)).toBe(
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    );
    expect(textOf(encodeSafetensors([]))).toBe("{}");
    for (let length = 1; length < 12; length++) {
      const [header] = encodeSafetensors([["x".repeat(length), Tensor.zeros([0])]]);
      expect(header!.length % 8).toBe(0);
      expect(Number(new DataView(header!.buffer).getBigUint64(0, true))).toBe(header!.length - 8);
    }
  });
});

describe("what is read", () => {
  it("is the caller's own, whoever keeps the bytes", async () => {
    const kept = Tensor.from(Float32Array.of(1, 2), [2]);
    const read = await readTensor(storeInMemory("w", kept));
    read.data[0] = 9;
    expect(kept.data[0]).toBe(1);
    // Bytes that a file gave are nobody else's: they are not copied again.
    const bytes = new Uint8Array(Float32Array.of(3).buffer);
    const source: ByteSource = { name: "file", byteLength: 4, read: () => Promise.resolve(bytes) };
    const stored = { name: "w", dtype: "float32", shape: [1], source, byteOffset: 0, byteLength: 4 } as const;
    expect((await readTensor(stored)).data.buffer).toBe(bytes.buffer);
    const part = new Uint8Array(8).subarray(4);
    const ofPart = { ...stored, source: { ...source, read: () => Promise.resolve(part) } };
    expect((await readTensor(ofPart)).data.buffer).not.toBe(part.buffer);
  });

  it("is the range of the tensor and nothing else", async () => {
    const asked: [number, number][] = [];
    const source: ByteSource = {
      name: "file",
      byteLength: 100,
      read: (offset, length) => {
        asked.push([offset, length]);
        return Promise.resolve(new Uint8Array(length));
      },
    };
    await readTensor({ name: "w", dtype: "float16", shape: [3], source, byteOffset: 10, byteLength: 6 });
    expect(asked).toEqual([[10, 6]]);
  });
});

describe("a tensor whose numbers are needed", () => {
  const found = (dtype: string): never =>
    ({
      name: "w",
      shape: [1],
      source: bytesInMemory(new Uint8Array(8), "file"),
      byteOffset: 0,
      byteLength: 8,
      ...(dtype === dtype.toLowerCase() ? { dtype } : { dtype: undefined, storedDType: dtype }),
    }) as never;

  it.each(["float64", "float32", "float16", "bfloat16"])("as a weight may be %s", (dtype) => {
    expect(floatTensor(found(dtype))).toMatchObject({ dtype });
  });

  it.each([
    ["int64", "I64"],
    ["uint8", "U8"],
    ["I32", "I32"],
    ["F8_E4M3", "F8_E4M3"],
  ])("as a weight may not be %s", (dtype, name) => {
    expect(() => floatTensor(found(dtype))).toThrow(
      expect.objectContaining({
        code: "INVALID_FILE",
        message: `file: tensor "w": expected one of the dtypes F64, F32, BF16, F16, found ${name}. Save it as one of these.`,
      }),
    );
  });

  it("may be any that vaekit has arrays for elsewhere", () => {
    for (const dtype of ["int64", "uint8", "float32"])
      expect(readableTensor(found(dtype))).toMatchObject({ dtype });
    expect(() => readableTensor(found("BOOL"))).toThrow(
      "expected one of the dtypes I64, F64, F32, BF16, F16, U8, found BOOL.",
    );
  });
});
