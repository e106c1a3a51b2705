/**
 * The header of a .safetensors file: 8 bytes of length, then JSON that names every tensor and its bytes.
 * Files come from strangers, so nothing in it is believed before it is checked.
 *
 * @see https://huggingface.co/docs/safetensors, "Format"
 */
import { VaekitError } from "../errors.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import { formatShape } from "../tensor/shape.ts";
import { quote, shorten } from "../util/printable.ts";
import {
  findNumberThatIsNoCount,
  headBytes,
  identifyContent,
  parseJson,
  type JsonLimits,
} from "../files/index.ts";
import { bitsOfStoredDType } from "./safetensors-dtypes.ts";

/** The format's own limit, for what is written. */
export const maxHeaderBytes = 100_000_000;

/** The bytes before the JSON: its length, as a little-endian 64-bit integer. */
export const lengthBytes = 8;

/**
 * What a header may hold; published ones have up to ten thousand tensors. Within these limits a header is read in less
 * than a second and 200 MB, where the format's own would allow minutes and gigabytes.
 */
export const headerLimits: JsonLimits = {
  maxBytes: 32 * 2 ** 20,
  maxDepth: 128,
  maxValues: 450_000,
  maxStringLength: 32 * 2 ** 20,
};

/** Tensors of one file. */
export const maxTensors = 40_000;

/** The most dimensions that PyTorch has. */
const maxRank = 64;

/** What to do about a file that is damaged or something else. */
const again = "Download it again, or save it again.";

const metadataKey = "__metadata__";

/** One tensor as the header describes it. */
export interface HeaderEntry {
  readonly name: string;
  /** The format's name of the dtype: one of the keys of `bitsOfStoredDType`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its first byte is in the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What a header says, checked. */
export interface SafetensorsHeader {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * @throws INVALID_FILE, naming the source and the first thing that breaks the format, or what the file is instead;
 *   UNSUPPORTED when it is a pickle.
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  await checkIsSafetensors(source);
  const jsonBytes = await readJsonBytes(source);
  const text = decode(jsonBytes, source);
  const json = parseObject(text, source);
  const metadata = readMetadata(json[metadataKey], source);
  const names = Object.keys(json).filter((name) => name !== metadataKey);
  if (names.length > maxTensors) {
    throw invalid(source, `expected at most ${maxTensors} tensors, found ${names.length}.`);
  }
  const dataOffset = lengthBytes + jsonBytes.byteLength;
  const entries = names.map((name) => readEntry(name, json[name], dataOffset, source));
  checkNumbers(text, source);
  checkCoverage(entries, dataOffset, source);
  return { entries, metadata };
}

function invalid(source: ByteSource, message: string, cause?: unknown): VaekitError {
  return new VaekitError("INVALID_FILE", `${source.name}: ${message}`, { cause });
}

/** @throws INVALID_FILE, or UNSUPPORTED for a pickle, saying what the file is when it is no safetensors file. */
async function checkIsSafetensors(source: ByteSource): Promise<void> {
  const head = await source.read(0, Math.min(headBytes, source.byteLength));
  const content = identifyContent(head, source.byteLength);
  if (content?.kind === "safetensors") return;
  if (content !== undefined) {
    throw new VaekitError(
      content.kind === "pickle" ? "UNSUPPORTED" : "INVALID_FILE",
      `${source.name}: expected a safetensors file, found ${content.found}. ${content.remedy}`,
    );
  }
  if (source.byteLength < lengthBytes) {
    throw invalid(
      source,
      `expected a safetensors file of at least ${lengthBytes} bytes, found ${source.byteLength}. ${again}`,
    );
  }
  throw invalid(
    source,
    `not a safetensors file: expected the length of a header and a brace at its beginning, found other bytes. ${again}`,
  );
}

async function readJsonBytes(source: ByteSource): Promise<Uint8Array> {
  const prefix = await source.read(0, lengthBytes);
  const length = new DataView(prefix.buffer, prefix.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > BigInt(headerLimits.maxBytes)) {
    throw invalid(
      source,
      `expected a header of at most ${headerLimits.maxBytes} bytes, which is enough for ${maxTensors} tensors, found ${length}.`,
    );
  }
  const available = source.byteLength - lengthBytes;
  if (length > BigInt(available)) {
    throw invalid(
      source,
      `expected a header of ${length} bytes, found only ${available} bytes after its length: the file is cut off, or not safetensors. ${again}`,
    );
  }
  return source.read(lengthBytes, Number(length));
}

function decode(bytes: Uint8Array, source: ByteSource): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalid(source, "not a safetensors file: its header is not UTF-8 text.", error);
  }
}

function parseObject(text: string, source: ByteSource): Record<string, unknown> {
  const name = `${source.name}: header`;
  // It begins with a brace, so it is an object.
  return parseJson(text, { name, limits: headerLimits, mustBeWellFormed: true }) as Record<string, unknown>;
}

/** Sizes that JSON.parse takes for integers and other readers do not: `2.0`, `1e0`, `-0`. */
function checkNumbers(text: string, source: ByteSource): void {
  const number = findNumberThatIsNoCount(text);
  if (number === undefined) return;
  throw invalid(source, `expected sizes and offsets written as digits alone, found ${quote(number)}.`);
}

function readMetadata(value: unknown, source: ByteSource): Record<string, string> {
  if (value === undefined || value === null) return {};
  const isStrings =
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === "string");
  if (isStrings) return value as Record<string, string>;
  throw invalid(source, `expected __metadata__ to be an object of strings, found ${quote(value)}.`);
}

function readEntry(name: string, value: unknown, dataOffset: number, source: ByteSource): HeaderEntry {
  const fail = (message: string): never => {
    throw invalid(source, `tensor ${quote(name)}: ${message}`);
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail(`expected an object with dtype, shape and data_offsets, found ${quote(value)}.`);
  }
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const bits = typeof dtype === "string" ? bitsOfStoredDType.get(dtype) : undefined;
  if (typeof dtype !== "string" || bits === undefined) {
    return fail(`expected a dtype among ${[...bitsOfStoredDType.keys()].join(", ")}, found ${quote(dtype)}.`);
  }
  if (!isCounts(shape)) return fail(`expected a shape of non-negative integers, found ${quote(shape)}.`);
  if (shape.length > maxRank) return fail(`expected at most ${maxRank} dimensions, found ${shape.length}.`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    return fail(`expected data_offsets of two non-negative integers, found ${quote(offsets)}.`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) return fail(`expected data_offsets in order, found ${quote(offsets)}.`);
  const expectedBytes = bytesOf(shape, bits);
  if (expectedBytes === undefined) return fail(`the shape ${shorten(formatShape(shape))} is too large.`);
  if (end - begin !== expectedBytes) {
    return fail(
      `expected ${expectedBytes} bytes for ${dtype} ${shorten(formatShape(shape))}, found ${end - begin} in data_offsets.`,
    );
  }
  return { name, dtype, shape, byteOffset: dataOffset + begin, byteLength: expectedBytes };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && Number(each) >= 0);
}

/** The bytes that a tensor takes, or undefined where no exact number is. */
function bytesOf(shape: readonly number[], bitsPerElement: number): number | undefined {
  let bits = bitsPerElement;
  for (const dimension of shape) {
    bits *= dimension;
    if (!Number.isSafeInteger(bits)) return undefined;
  }
  return bits / 8;
}

/** Every byte of the data belongs to exactly one tensor: nothing overlaps, and nothing hides in a gap. */
function checkCoverage(entries: readonly HeaderEntry[], dataOffset: number, source: ByteSource): void {
  const ordered = [...entries].sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let covered = dataOffset;
  for (const { name, byteOffset, byteLength } of ordered) {
    if (byteOffset !== covered) {
      const found = byteOffset < covered ? "it overlaps the tensor before it" : "bytes before it are unused";
      throw invalid(
        source,
        `tensor ${quote(name)}: expected its data to start at ${covered - dataOffset}, found ${byteOffset - dataOffset}: ${found}.`,
      );
    }
    covered += byteLength;
  }
  if (covered === source.byteLength) return;
  if (covered > source.byteLength) {
    throw invalid(
      source,
      `expected ${covered} bytes, as its header says, found ${source.byteLength}: the file is cut off. ${again}`,
    );
  }
  throw invalid(
    source,
    `expected ${covered - dataOffset} bytes of data, as its tensors take, found ${source.byteLength - dataOffset}.`,
  );
}
