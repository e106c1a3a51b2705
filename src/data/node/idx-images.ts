/** Pictures in the IDX format of the MNIST files, plain or gzipped: http://yann.lecun.com/exdb/mnist/. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { messageOf, VaekitError } from "../../errors.ts";
import { readRegularFile } from "../../files/node/index.ts";

/** Grey pictures of one size. */
export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** count * height * width samples, 0 (background) to 255. */
  readonly data: Uint8Array;
}

/** Two zero bytes, then 0x08 for unsigned bytes, then the number of dimensions. */
const imagesMagic = 0x00000803;
const headerBytes = 16;
const largestBytes = 2 ** 31;

/**
 * Reads a file of pictures, gzipped or not by its first bytes.
 *
 * @throws NOT_FOUND when there is no such file; INVALID_FILE when it is not a whole file of pictures; IO when it
 *   cannot be read.
 */
export async function readIdxImages(path: string): Promise<IdxImages> {
  const bytes = await unpacked(
    path,
    await readRegularFile(path, { expected: "a file of MNIST", maxBytes: largestBytes }),
  );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint32(0) !== imagesMagic) {
    const found = bytes.length < 4 ? `${bytes.length} bytes` : `0x${hex(view.getUint32(0))}`;
    const hint = bytes.length >= 4 && view.getUint32(0) === 0x801 ? " (a file of labels)" : "";
    throw invalidFile(
      path,
      `expected IDX pictures, which begin with 0x${hex(imagesMagic)}, found ${found}${hint}`,
    );
  }
  const [count, height, width] = [view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  const expected = headerBytes + count * height * width;
  if (count === 0 || expected !== bytes.length || expected === headerBytes) {
    throw invalidFile(
      path,
      `expected ${expected} bytes for ${count} pictures of ${height}x${width}, found ${bytes.length}. Download the file again`,
    );
  }
  return { count, height, width, data: bytes.subarray(headerBytes) };
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

function invalidFile(path: string, problem: string, cause?: unknown): VaekitError {
  return new VaekitError("INVALID_FILE", `${path}: ${problem}.`, { cause });
}

async function unpacked(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: largestBytes });
  } catch (error) {
    throw invalidFile(path, `expected a whole gzip file, found a damaged one (${messageOf(error)})`, error);
  }
}
