/**
 * The bytes of one file, from the hub into its part. Own code, since the library's download takes a cut body for a
 * whole one, and starts over after a break.
 */
import type { Hash } from "node:crypto";

import { VaekitError } from "../../errors.ts";
import { hashFor, hashName } from "./content-hash.ts";
import { checkDiskSpace } from "./disk-space.ts";
import { request } from "./hub-client.ts";
import { HubUnreachableError } from "../refusal.ts";
import type { HubSettings } from "./options.ts";
import { openPartial } from "./partial-file.ts";
import type { OpenPartial, PartialFile } from "./partial-file.ts";

/** A file in the hub's listing. */
export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Name of its blob: the SHA-256 of a large file, else git's hash. */
  readonly etag: string;
}

/** The bytes are wrong, so continuing after them is useless. */
export class CorruptError extends VaekitError {
  readonly wasContinued: boolean;

  constructor(message: string, wasContinued: boolean) {
    super("HUB", message);
    this.wasContinued = wasContinued;
  }
}

/** How often the disk is asked again whether the rest has room: others fill it too. */
const spaceCheckBytes = 64 * 2 ** 20;

/**
 * Fetches what is missing of a part, and checks the whole.
 * @throws {CorruptError} if size or hash are not those of the listing; {HubUnreachableError} if it ends early
 */
export async function fill(
  settings: HubSettings,
  commit: string,
  file: HubFile,
  partial: PartialFile,
): Promise<void> {
  const { handle, sizeBytes } = await openPartial(partial, file.sizeBytes);
  try {
    const answer = await requestRest(settings, commit, file, sizeBytes);
    const hash = hashFor(file.etag, file.sizeBytes);
    if (answer.startBytes > 0) await hashKept({ handle, sizeBytes }, hash);
    else await handle.truncate(0);
    let loadedBytes = answer.startBytes;
    let checkedBytes = loadedBytes;
    const report = (): void => {
      settings.onProgress?.({ file: file.path, loadedBytes, totalBytes: file.sizeBytes });
    };
    report();
    for await (const chunk of answer.chunks) {
      if (loadedBytes + chunk.byteLength > file.sizeBytes) {
        throw corrupt(settings, file, `expected ${file.sizeBytes} bytes, found more`, answer.startBytes > 0);
      }
      await writeAt(handle, chunk, loadedBytes);
      loadedBytes += chunk.byteLength;
      hash.update(chunk);
      if (loadedBytes - checkedBytes >= spaceCheckBytes) {
        await checkDiskSpace(settings.cacheDir, file.sizeBytes - loadedBytes, file.path);
        checkedBytes = loadedBytes;
      }
      report();
    }
    verify(settings, file, loadedBytes, hash.digest("hex"), answer.startBytes > 0);
    // A power cut must not leave a file that has its name and its size, but not its bytes.
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface Rest {
  /** Where the body starts in the file. */
  readonly startBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Asks for what follows the first `keptBytes`; a server may send all of it again. */
async function requestRest(
  settings: HubSettings,
  commit: string,
  file: HubFile,
  keptBytes: number,
): Promise<Rest> {
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  const url = `${settings.endpoint}/${settings.id}/resolve/${commit}/${path}`;
  // Compression would hide the size and break ranges.
  const headers = {
    "Accept-Encoding": "identity",
    ...(keptBytes > 0 ? { Range: `bytes=${keptBytes}-` } : {}),
  };
  const { response, chunks } = await request(settings, url, headers);
  const isPart = keptBytes > 0 && response.status === 206;
  const isContinued = isPart && isRange(response, keptBytes, file.sizeBytes);
  // No such range, or another part than was asked for: then all of it.
  const isOtherPart = isPart && !isContinued && !isRange(response, 0, file.sizeBytes);
  if (response.status === 416 || isOtherPart) {
    await response.body?.cancel();
    return requestRest(settings, commit, file, 0);
  }
  const startBytes = isContinued ? keptBytes : 0;
  const found = misfitOf(response, file.sizeBytes - startBytes);
  if (found !== undefined) {
    await response.body?.cancel();
    throw corrupt(settings, file, `expected ${file.sizeBytes - startBytes} bytes, ${found}`, keptBytes > 0);
  }
  return { startBytes, chunks };
}

function isRange(response: Response, startBytes: number, fullBytes: number): boolean {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "");
  if (match === null) return false;
  const [, start, end, full] = match;
  return (
    Number(start) === startBytes &&
    Number(end) === fullBytes - 1 &&
    (full === "*" || Number(full) === fullBytes)
  );
}

/** What already the head of an answer shows: that its body is not the file. */
function misfitOf(response: Response, expectedBytes: number): string | undefined {
  if (/^text\/html/i.test(response.headers.get("Content-Type") ?? "")) {
    return "found a web page: a login page may stand between";
  }
  const announced = response.headers.get("Content-Length") ?? "";
  // Of compressed bytes it would be another number; nobody asked for them, but they can be read.
  const isPlain = ["", "identity"].includes(response.headers.get("Content-Encoding") ?? "");
  const isOther = isPlain && /^\d+$/.test(announced) && Number(announced) !== expectedBytes;
  return isOther ? `the answer has ${announced} bytes` : undefined;
}

async function hashKept({ handle, sizeBytes }: OpenPartial, hash: Hash): Promise<void> {
  const stream = handle.createReadStream({ start: 0, end: sizeBytes - 1, autoClose: false });
  for await (const chunk of stream) hash.update(chunk as Uint8Array);
}

/** One write may take less than it was given. */
async function writeAt(handle: OpenPartial["handle"], chunk: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) {
    const { bytesWritten } = await handle.write(
      chunk,
      written,
      chunk.byteLength - written,
      position + written,
    );
    written += bytesWritten;
  }
}

function verify(
  settings: HubSettings,
  file: HubFile,
  loadedBytes: number,
  found: string,
  wasContinued: boolean,
): void {
  if (loadedBytes < file.sizeBytes) {
    throw new HubUnreachableError(
      "HUB",
      `${whereOf(settings, file)}: expected ${file.sizeBytes} bytes, the connection ended after ${loadedBytes}. ` +
        "Try again to continue.",
    );
  }
  if (file.etag === found) return;
  throw corrupt(settings, file, `expected ${hashName(file.etag)} ${file.etag}, found ${found}`, wasContinued);
}

function corrupt(settings: HubSettings, file: HubFile, found: string, wasContinued: boolean): CorruptError {
  const remedy = "Nothing of it was kept. Check HF_ENDPOINT and what stands between, and try again.";
  return new CorruptError(`${whereOf(settings, file)}: ${found}. ${remedy}`, wasContinued);
}

function whereOf(settings: HubSettings, file: HubFile): string {
  return `${settings.id}: ${file.path} from ${settings.endpoint}`;
}
