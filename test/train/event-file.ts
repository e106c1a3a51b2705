/** Reads a run's TensorBoard files back. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** One point of a curve, or a picture without a value. */
export interface Point {
  readonly step: number;
  readonly tag: string;
  readonly value: number | undefined;
}

/** The points of every event file of a folder, in their order. */
export async function eventsOf(folder: string): Promise<Point[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith("events.out.tfevents.")).sort();
  const points: Point[] = [];
  for (const name of names) {
    const bytes = await readFile(join(folder, name));
    for (let at = 0; at < bytes.byteLength;) {
      const length = Number(bytes.readBigUInt64LE(at));
      points.push(...pointsOf(bytes.subarray(at + 12, at + 12 + length)));
      at += 16 + length;
    }
  }
  return points;
}

function pointsOf(event: Uint8Array): Point[] {
  const fields = fieldsOf(event);
  const step = (fields.get(2)?.[0] ?? 0) as number;
  const summaries = (fields.get(5) ?? []) as Uint8Array[];
  return summaries.flatMap((summary) =>
    ((fieldsOf(summary).get(1) ?? []) as Uint8Array[]).map((bytes) => {
      const value = fieldsOf(bytes);
      const tag = new TextDecoder().decode(value.get(1)![0] as Uint8Array);
      return { step, tag, value: value.get(2)?.[0] as number | undefined };
    }),
  );
}

/** The raw fields of a message by number; numbers for numbers, bytes for the rest. */
export function fieldsOf(message: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const reader = new BinaryReader(message);
  const fields = new Map<number, (number | Uint8Array)[]>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const values = fields.get(field) ?? [];
    fields.set(field, values);
    if (type === WireType.Varint) values.push(Number(reader.int64()));
    else if (type === WireType.Bit64) values.push(reader.double());
    else if (type === WireType.Bit32) values.push(reader.float());
    else values.push(reader.bytes());
  }
  return fields;
}
