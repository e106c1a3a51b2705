/** Reads and writes the safetensors format: tensors are found in a file without reading them, and written without copying them. */
import { VaekitError } from "../errors.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import { bytesPerElement, dtypes, type DType } from "../tensor/dtype.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readableTensor } from "./needed-tensor.ts";
import { readableDTypes, storedDTypes } from "./safetensors-dtypes.ts";
import { lengthBytes, maxHeaderBytes, readSafetensorsHeader } from "./safetensors-header.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import {
  checkOptions,
  checkValue,
  optionKinds,
  type OptionKind,
  type OptionKinds,
} from "../util/check-options.ts";
import { quote } from "../util/printable.ts";

/** The options of {@link parseSafetensors}. */
export interface ParseSafetensorsOptions {
  /**
   * Picks the wanted tensors once all names are known (default: all), such as a VAE's out of a whole checkpoint. The
   * others are checked but left out.
   */
  readonly select?: (names: readonly string[]) => (name: string) => boolean;
}

const parseKinds: OptionKinds<ParseSafetensorsOptions> = { select: optionKinds.callback };

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const byteSource: OptionKind = {
  expected: "a ByteSource { name, byteLength, read }, as openFileSource makes",
  fits: (value) =>
    isObject(value) &&
    typeof Reflect.get(value, "read") === "function" &&
    typeof Reflect.get(value, "byteLength") === "number",
};

const foundTensor: OptionKind = {
  expected: "a tensor of a Checkpoint, as parseSafetensors finds",
  fits: (value) => isObject(value) && byteSource.fits(Reflect.get(value, "source")),
};

const iterable: OptionKind = {
  expected: "names and tensors, as a Map or a list of pairs",
  fits: (value) => isObject(value) && Symbol.iterator in value,
};

const nameAndTensor: OptionKind = {
  expected: "a pair of a name and a Tensor",
  fits: (value) => Array.isArray(value) && typeof value[0] === "string",
};

const texts: OptionKind = {
  expected: "an object of texts",
  fits: (value) =>
    isObject(value) &&
    !(Symbol.iterator in value) &&
    Object.values(value).every((each) => typeof each === "string"),
};

/**
 * Reads the header of a .safetensors file and checks it against the file's length. Tensors of dtypes that vaekit does
 * not read are there too, without a `dtype`: whoever needs their numbers refuses them.
 *
 * @throws INVALID_FILE, naming the source, when the file breaks the format.
 */
export async function parseSafetensors(
  source: ByteSource,
  options: ParseSafetensorsOptions = {},
): Promise<Checkpoint> {
  checkValue("parseSafetensors", source, byteSource);
  checkOptions("parseSafetensors", options, parseKinds);
  const { entries, metadata } = await readSafetensorsHeader(source);
  const isWanted = options.select?.(entries.map((entry) => entry.name)) ?? (() => true);
  const tensors = new Map<string, FoundTensor>();
  for (const { dtype: storedDType, ...entry } of entries) {
    if (!isWanted(entry.name)) continue;
    const dtype = readableDTypes.get(storedDType);
    const place = { ...entry, source };
    tensors.set(entry.name, dtype === undefined ? { ...place, dtype, storedDType } : { ...place, dtype });
  }
  return { tensors, metadata };
}

/**
 * Reads one tensor into memory of its own.
 *
 * @throws INVALID_FILE when its dtype is not one of F32, F64, F16, BF16, I64, U8; whatever the source throws when the
 *   file is gone or cut off.
 */
export async function readTensor(found: FoundTensor): Promise<Tensor> {
  checkValue("readTensor", found, foundTensor);
  const stored = readableTensor(found);
  const bytes = await stored.source.read(stored.byteOffset, stored.byteLength);
  const isWhole = bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.byteLength;
  const ownsBuffer = isWhole && stored.source.isShared !== true;
  // The copy also aligns: typed arrays must start at a multiple of their element, tensors in a file need not.
  const buffer =
    ownsBuffer && bytes.buffer instanceof ArrayBuffer ? bytes.buffer : new Uint8Array(bytes).buffer;
  const elements = stored.byteLength / bytesPerElement(stored.dtype);
  return Tensor.from(new dtypes[stored.dtype].array(buffer, 0, elements), stored.shape, stored.dtype);
}

/** The order of dtypes in a file: as safetensors' own writers have it, so that no tensor is misaligned. */
const layoutOrder = Object.keys(storedDTypes) as DType[];

/**
 * The bytes of a .safetensors file, as chunks: the header, then each tensor's own memory (not a copy).
 * The layout is that of Python's safetensors, byte for byte.
 *
 * @param metadata notes for the header; pass `{ format: "pt" }` for files that PyTorch programs will load.
 * @throws INVALID_ARGUMENT on a name that occurs twice or is reserved.
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array[] {
  checkValue("encodeSafetensors", tensors, iterable);
  if (metadata !== undefined) checkValue("encodeSafetensors: metadata", metadata, texts);
  const ordered = checkedEntries(tensors).sort(([nameA, a], [nameB, b]) => {
    const byDType = layoutOrder.indexOf(a.dtype) - layoutOrder.indexOf(b.dtype);
    return byDType !== 0 ? byDType : nameA < nameB ? -1 : 1;
  });
  checkNames(ordered.map(([name]) => name));
  return [encodeHeader(ordered, metadata), ...ordered.map(([, tensor]) => tensor.bytes)];
}

function checkedEntries(tensors: Iterable<unknown>): (readonly [string, Tensor])[] {
  return [...tensors].map((entry) => {
    checkValue("encodeSafetensors", entry, nameAndTensor);
    const [name, tensor] = entry as readonly [string, unknown];
    checkTensor(tensor, `encodeSafetensors: ${quote(name)}`);
    return [name, tensor] as const;
  });
}

function checkNames(names: readonly string[]): void {
  const seen = new Set<string>();
  const duplicate = names.find((name) => seen.size === seen.add(name).size);
  if (duplicate !== undefined) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `encodeSafetensors: the tensor name ${quote(duplicate)} occurs twice.`,
    );
  }
  if (names.includes("__metadata__")) {
    throw new VaekitError("INVALID_ARGUMENT", "encodeSafetensors: the name __metadata__ is reserved.");
  }
}

function encodeHeader(
  ordered: readonly (readonly [string, Tensor])[],
  metadata: Readonly<Record<string, string>> | undefined,
): Uint8Array {
  let offset = 0;
  // A list of members, not an object: objects move names like "0" to the front.
  const members = ordered.map(([name, tensor]) => {
    const begin = offset;
    offset += tensor.byteLength;
    const entry = { dtype: storedDTypes[tensor.dtype], shape: tensor.shape, data_offsets: [begin, offset] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  if (metadata !== undefined) members.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const paddedLength = Math.ceil(json.byteLength / 8) * 8;
  if (paddedLength > maxHeaderBytes) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `encodeSafetensors: the header would have ${paddedLength} bytes, above the format's limit of ${maxHeaderBytes}.`,
    );
  }
  const header = new Uint8Array(lengthBytes + paddedLength).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(paddedLength), true);
  header.set(json, lengthBytes);
  return header;
}
