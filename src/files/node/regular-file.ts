/**
 * Files from strangers, asked for their kind before they are opened: opening a pipe waits for a writer, a device may
 * never end, and a file of /proc has no size.
 */
import { constants, type Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { VaekitError } from "../../errors.ts";
import { readError } from "./file-errors.ts";
import { otherKind } from "./file-kind.js";

/** Windows has no such flag. */
const nonBlocking = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/**
 * The status of a regular file, through symbolic links.
 *
 * @param expected what should be there, for the message: "a recipe".
 * @throws NOT_FOUND; INVALID_FILE for a folder, a pipe, a socket or a device; IO.
 */
export async function statRegularFile(path: string, expected = "a file"): Promise<Stats> {
  const status = await stat(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  checkIsRegular(path, status, expected);
  return status;
}

export interface WholeFileOptions {
  /** What should be there, for the message. @defaultValue "a file" */
  readonly expected?: string;
  /** Larger files are something else under that name. */
  readonly maxBytes: number;
}

/**
 * The bytes of a regular file: as many as its status says, whatever is written to it meanwhile.
 *
 * @throws what {@link statRegularFile} throws; INVALID_FILE when the file is larger than `maxBytes`.
 */
export async function readRegularFile(path: string, options: WholeFileOptions): Promise<Uint8Array> {
  const { expected = "a file", maxBytes } = options;
  await statRegularFile(path, expected);
  try {
    // Not to wait for a writer, should a pipe have taken the file's place meanwhile.
    await using file = await open(path, constants.O_RDONLY | nonBlocking);
    const status = await file.stat();
    checkIsRegular(path, status, expected);
    if (status.size > maxBytes) {
      throw new VaekitError(
        "INVALID_FILE",
        `${path}: expected ${expected} of at most ${maxBytes} bytes, found ${status.size}.`,
      );
    }
    const bytes = new Uint8Array(status.size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } catch (error) {
    throw readError(path, error);
  }
}

function checkIsRegular(path: string, status: Stats, expected: string): void {
  const found = otherKind(status);
  if (found === undefined) return;
  throw new VaekitError("INVALID_FILE", `${path}: expected ${expected}, found ${found}.`);
}
