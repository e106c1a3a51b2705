import fs from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.ts";
import { EventFileWriter, isEventFile } from "./tensorboard.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-events-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The data of every TFRecord of a file, its checksums checked. */
async function readRecords(path: string): Promise<Uint8Array[]> {
  const bytes = await readFile(path);
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

/** The raw fields of a message by number; numbers for varints, bytes for the rest. */
function fieldsOf(message: Uint8Array): Record<number, (number | Uint8Array)[]> {
  const reader = new BinaryReader(message);
  const fields: Record<number, (number | Uint8Array)[]> = {};
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    fields[field] ??= [];
    if (type === WireType.Varint) fields[field].push(Number(reader.int64()));
    else if (type === WireType.Bit64) fields[field].push(reader.double());
    else if (type === WireType.Bit32) fields[field].push(reader.float());
    else fields[field].push(reader.bytes());
  }
  return fields;
}

const bytesOf = (value: number | Uint8Array | undefined): Uint8Array => value as Uint8Array;
const textOf = (value: number | Uint8Array | undefined): string => new TextDecoder().decode(bytesOf(value));

describe("crc32c", () => {
  // The test vectors of RFC 3720, B.4.
  it.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [new TextEncoder().encode("123456789"), 0xe3069283],
  ])("agrees with RFC 3720: %#", (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

describe("EventFileWriter", () => {
  it("begins with the file version and writes scalars by tag", async () => {
    using writer = await EventFileWriter.open(folder);
    writer.scalars(7, { "loss/total": 0.1, "loss/kl": 1e300 });
    const [version, start, event] = (await readRecords(writer.path)).map(fieldsOf);
    expect(textOf(version![3]![0])).toBe("brain.Event:2");
    expect(start![2]).toEqual([0]);
    expect(event![2]).toEqual([7]);
    const values = fieldsOf(bytesOf(event![5]![0]))[1]!.map((value) => fieldsOf(bytesOf(value)));
    expect(values.map((value) => [textOf(value[1]![0]), value[2]![0]])).toEqual([
      ["loss/total", Math.fround(0.1)],
      ["loss/kl", Infinity],
    ]);
    expect(Math.abs(Number(event![1]![0]) * 1000 - Date.now())).toBeLessThan(60_000);
  });

  it.each([1, 3, 4] as const)("writes pictures of %i channels with their size", async (channels) => {
    const raw = { width: 5, height: 3, channels };
    const pipeline = sharp(new Uint8Array(15 * channels), { raw });
    const png = new Uint8Array(
      await (channels === 1 ? pipeline.toColourspace("b-w") : pipeline).png().toBuffer(),
    );
    using writer = await EventFileWriter.open(folder);
    writer.image(9, "samples/prior", png);
    const event = fieldsOf((await readRecords(writer.path))[2]!);
    const value = fieldsOf(bytesOf(fieldsOf(bytesOf(event[5]![0]))[1]![0]));
    expect(textOf(value[1]![0])).toBe("samples/prior");
    const image = fieldsOf(bytesOf(value[4]![0]));
    expect([image[1], image[2], image[3]]).toEqual([[3], [5], [channels]]);
    expect(bytesOf(image[4]![0])).toEqual(Buffer.from(png));
  });

  it("refuses a picture that is no PNG", async () => {
    using writer = await EventFileWriter.open(folder);
    expect(() => {
      writer.image(1, "a", new TextEncoder().encode("\xff\xd8 a JPEG, of more than thirty bytes"));
    }).toThrow("expected the bytes of a PNG file");
    expect(await readRecords(writer.path)).toHaveLength(2);
  });

  it("opens a file of its own for each start, in the order of their names", async () => {
    for (const resumedStep of [undefined, 500, 11, 11])
      (await EventFileWriter.open(folder, { resumedStep }))[Symbol.dispose]();
    expect((await readdir(folder)).sort()).toEqual([
      "events.out.tfevents.0000000001.step-000000",
      "events.out.tfevents.0000000002.step-000500",
      "events.out.tfevents.0000000003.step-000011",
      "events.out.tfevents.0000000004.step-000011",
    ]);
  });

  it("says of a run without a checkpoint that everything is void, under the number of its start", async () => {
    using writer = await EventFileWriter.open(folder, { resumedStep: -1 });
    expect(writer.path).toBe(join(folder, "events.out.tfevents.0000000001.step-000000"));
    const event = fieldsOf((await readRecords(writer.path))[1]!);
    expect([event[2], fieldsOf(bytesOf(event[7]![0]))[1]]).toEqual([[0], [1]]);
  });

  it("writes no event for no curves, and none once it is closed, twice if need be", async () => {
    const writer = await EventFileWriter.open(folder);
    writer.scalars(1, {});
    expect(await readRecords(writer.path)).toHaveLength(2);
    writer[Symbol.dispose]();
    writer[Symbol.dispose]();
    expect(() => {
      writer.scalars(1, { loss: 1 });
    }).toThrow("is used after it was closed");
  });

  it("writes an event whole, however little the system takes at once", async () => {
    using writer = await EventFileWriter.open(folder);
    const { writeSync } = fs;
    fs.writeSync = ((file: number, bytes: Uint8Array, offset: number) =>
      writeSync(file, bytes, offset, Math.min(5, bytes.length - offset))) as typeof writeSync;
    syncBuiltinESMExports();
    try {
      writer.scalars(3, { loss: 0.5 });
    } finally {
      fs.writeSync = writeSync;
      syncBuiltinESMExports();
    }
    expect(fieldsOf((await readRecords(writer.path))[2]!)[2]).toEqual([3]);
  });

  it("explains a full disk, and leaves no file open when it meets one at the start", async () => {
    const { writeSync, closeSync } = fs;
    const closed: number[] = [];
    fs.writeSync = () => {
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    };
    fs.closeSync = (file) => {
      closed.push(file);
      closeSync(file);
    };
    syncBuiltinESMExports();
    try {
      await expect(EventFileWriter.open(folder)).rejects.toMatchObject({
        code: "IO",
        message: expect.stringContaining("the disk is full") as string,
      });
    } finally {
      Object.assign(fs, { writeSync, closeSync });
      syncBuiltinESMExports();
    }
    expect(closed).toHaveLength(1);
  });

  it("knows its files by their names", () => {
    const name = "events.out.tfevents.0000000002.step-000500";
    expect([name, `a${name}`, "events.out.tfevents.12.step", "log.jsonl"].map(isEventFile)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("says on resuming that everything after the step is void", async () => {
    using writer = await EventFileWriter.open(folder, { resumedStep: 11 });
    const event = fieldsOf((await readRecords(writer.path))[1]!);
    expect(event[2]).toEqual([12]);
    expect(fieldsOf(bytesOf(event[7]![0]))[1]).toEqual([1]);
  });
});
