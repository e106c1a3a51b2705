/** Which pictures a run was started with, as its folder keeps them, and what has changed since. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { relative, sep } from "node:path";
import { VaekitError } from "../../errors.ts";

/** One picture, as it was when the run began. */
export interface RecordedPicture {
  /** Path below the data's root, with slashes. */
  readonly name: string;
  readonly byteLength: number | null;
  /** Of some bytes from the middle; empty where there was no file. */
  readonly digest: string;
}

/** In the order in which the run counts its examples. */
export type DataRecord = readonly RecordedPicture[];

/** Pictures looked up at once. */
const lookedUpAtOnce = 64;

/** So many bytes tell two pictures apart, and a million pictures are looked through in a minute. */
const sampledBytes = 4096;

/** Names, sizes and a sample of the bytes, not times: a copy of the data is the same data. */
export async function recordPictures(root: string, files: readonly string[]): Promise<DataRecord> {
  const record: RecordedPicture[] = [];
  for (let start = 0; start < files.length; start += lookedUpAtOnce) {
    const part = files.slice(start, start + lookedUpAtOnce).map(async (file) => ({
      name: relative(root, file).split(sep).join("/"),
      ...(await sampleOf(file)),
    }));
    record.push(...(await Promise.all(part)));
  }
  return record;
}

async function sampleOf(path: string): Promise<Omit<RecordedPicture, "name">> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const start = Math.max(0, Math.floor((size - sampledBytes) / 2));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sampledBytes), 0, sampledBytes, start);
    const hash = createHash("sha256").update(buffer.subarray(0, bytesRead));
    return { byteLength: size, digest: hash.digest("hex").slice(0, 8) };
  } catch {
    // The run will say that it cannot read this one.
    return { byteLength: null, digest: "" };
  }
}

/** One line for each picture, in chunks: a large set has millions. */
export function* formatDataRecord(record: DataRecord): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  const linesPerChunk = 4096;
  for (let start = 0; start < record.length; start += linesPerChunk) {
    const lines = record
      .slice(start, start + linesPerChunk)
      .map(({ name, byteLength, digest }) => `${JSON.stringify([name, byteLength, digest])}\n`);
    yield encoder.encode(lines.join(""));
  }
}

/**
 * The opposite of {@link formatDataRecord}.
 *
 * @param path what messages call it.
 * @throws INVALID_FILE.
 */
export function parseDataRecord(text: string, path: string): DataRecord {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line, index) => {
    const picture = pictureOf(line);
    if (picture !== undefined) return picture;
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected a picture's name, size and digest in line ${index + 1}, found something else. Remove the file to go on without knowing whether the pictures have changed.`,
    );
  });
}

function pictureOf(line: string): RecordedPicture | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    if (!Array.isArray(value)) return undefined;
    const [name, byteLength, digest] = value as unknown[];
    if (typeof name !== "string" || typeof digest !== "string") return undefined;
    return byteLength === null || typeof byteLength === "number" ? { name, byteLength, digest } : undefined;
  } catch {
    return undefined;
  }
}

/** `2 added (a.png, b.png), 1 removed (c.png)`; undefined when nothing has changed. */
export function describeDataChanges(before: DataRecord, now: DataRecord): string | undefined {
  const [old, current] = [before, now].map(
    (record) => new Map(record.map((picture) => [picture.name, picture])),
  ) as [Map<string, RecordedPicture>, Map<string, RecordedPicture>];
  const isOther = (name: string): boolean => {
    const [a, b] = [old.get(name), current.get(name)];
    return a !== undefined && b !== undefined && (a.byteLength !== b.byteLength || a.digest !== b.digest);
  };
  const kinds = {
    added: [...current.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !current.has(name)),
    "with other content": [...current.keys()].filter(isOther),
  };
  const texts = Object.entries(kinds)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => {
      const more = names.length > 3 ? `, and ${names.length - 3} more` : "";
      return `${names.length} ${kind} (${names.slice(0, 3).join(", ")}${more})`;
    });
  if (texts.length > 0) return texts.join(", ");
  // Only a list has an order of its own, and may name a picture twice.
  const isSameList =
    before.length === now.length && now.every(({ name }, index) => name === before[index]!.name);
  return isSameList ? undefined : "the same pictures, listed in another order or number";
}
