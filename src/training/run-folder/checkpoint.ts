/**
 * Checkpoints of a run: `checkpoints/step-000500/` with state.safetensors (every tensor) and state.json (the rest).
 *
 * One is complete or not there: it is written beside its place, brought to disk and renamed. No time and no path is
 * inside, so equal states have equal bytes.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, VaekitError } from "../../errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { encodeSafetensors, parseSafetensors, readTensor } from "../../weights/index.ts";
import {
  readError,
  readJsonBytes,
  systemCode,
  openFileSource,
  writeFileAtomic,
  namesIn,
  removeFolderAtomic,
  writeFolderAtomic,
} from "../../files/node/index.ts";
import { checkFit, type ExpectedCheckpoint } from "./checkpoint-fit.ts";
import { encodeState, parseState, stateFile, tensorsFile, type CheckpointState } from "./checkpoint-state.ts";
import type { JsonValue } from "./canonical-json.ts";

/** What a run needs to go on. */
export interface CheckpointContent {
  /** The number of optimizer updates done. */
  readonly step: number;
  /** Weights, moments of the optimizer, averages; names are the caller's. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Everything else: states of random generators (base64), the data cursor. */
  readonly state: JsonValue;
  /** The architecture, or its digest: what a model must share to go on from here. */
  readonly fingerprint: JsonValue;
}

/** Where a checkpoint lies. */
export interface CheckpointPlace {
  readonly path: string;
  readonly step: number;
}

/** A checkpoint in memory. */
export type Checkpoint = CheckpointContent & CheckpointPlace;

/** A checkpoint that could not be read, and why. */
export interface DamagedCheckpoint extends CheckpointPlace {
  readonly error: VaekitError;
}

export interface WriteCheckpointOptions {
  /** How many of the newest to keep (default: all). */
  readonly keep?: number;
  /** Of the older ones, those whose step is a multiple of this stay too. */
  readonly keepEvery?: number;
}

/** `step-000500`. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, "0")}`;
}

/**
 * Writes `<folder>/step-000500`, and then removes what `keep` does not keep. A checkpoint of the same step is
 * replaced.
 *
 * @returns the path of the checkpoint.
 * @throws IO when the disk is full or refuses: nothing half-written stays, and every earlier checkpoint is as it
 *   was. INVALID_ARGUMENT on a step, or a state, that no file can hold.
 */
export async function writeCheckpoint(
  folder: string,
  content: CheckpointContent,
  options: WriteCheckpointOptions = {},
): Promise<string> {
  checkCounts(content.step, options);
  const path = join(folder, checkpointName(content.step));
  try {
    await writeFolderAtomic(path, (partial) => writeFiles(partial, content));
  } catch (error) {
    throw error instanceof VaekitError && error.code === "IO"
      ? await writeFailure(error, folder, path)
      : error;
  }
  await removeOlder(folder, content.step, options);
  return path;
}

function checkCounts(step: number, { keep, keepEvery }: WriteCheckpointOptions): void {
  const check = (name: string, value: number | undefined, least: number): void => {
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `writeCheckpoint: expected ${name} to be an integer of at least ${least}, found ${value}.`,
    );
  };
  check("step", step, 0);
  check("keep", keep, 1);
  check("keepEvery", keepEvery, 1);
}

async function writeFiles(folder: string, content: CheckpointContent): Promise<void> {
  const hash = createHash("sha256");
  const chunks = encodeSafetensors(content.tensors);
  const byteLength = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const empty = { byteLength, sha256: "" };
  // Refuses a state that JSON cannot hold before gigabytes are written.
  encodeState({ ...content, tensors: empty });
  await writeFileAtomic(join(folder, tensorsFile), hashing(chunks, hash));
  const tensors = { byteLength, sha256: hash.digest("hex") };
  await writeFileAtomic(join(folder, stateFile), encodeState({ ...content, tensors }));
}

function* hashing(chunks: Iterable<Uint8Array>, hash: Hash): Generator<Uint8Array> {
  for (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/** The error of a failed write, which says where the run can go on from. */
async function writeFailure(error: VaekitError, folder: string, path: string): Promise<VaekitError> {
  const cause = error.cause ?? error;
  const isFull = ["ENOSPC", "EDQUOT"].includes(systemCode(cause) ?? "");
  const reason = isFull ? "the disk is full, or your share of it" : messageOf(cause);
  const last = (await listCheckpoints(folder).catch(() => [])).at(-1);
  const rest =
    last === undefined ? "There is no earlier checkpoint." : `The last good checkpoint is ${last.path}.`;
  return new VaekitError("IO", `${path}: the checkpoint could not be written: ${reason}. ${rest}`, { cause });
}

async function removeOlder(
  folder: string,
  step: number,
  { keep, keepEvery }: WriteCheckpointOptions,
): Promise<void> {
  if (keep === undefined) return;
  // Later ones, of a run that was taken back to an earlier step, are neither counted nor touched.
  const upToNow = (await listCheckpoints(folder)).filter((place) => place.step <= step);
  for (const { path, step: older } of upToNow.slice(0, -keep)) {
    if (keepEvery === undefined || older % keepEvery !== 0) await removeFolderAtomic(path);
  }
}

/** The complete checkpoints in a folder, oldest first; none if the folder does not exist. Their content is not checked. */
export async function listCheckpoints(folder: string): Promise<CheckpointPlace[]> {
  const names = await namesIn(folder).catch((error: unknown) => {
    throw readError(folder, error);
  });
  return names
    .filter((name) => /^step-\d{6,}$/.test(name))
    .map((name) => ({ path: join(folder, name), step: Number(name.slice("step-".length)) }))
    .sort((a, b) => a.step - b.step);
}

/** The newest checkpoint in a folder, unchecked. */
export async function latestCheckpoint(folder: string): Promise<CheckpointPlace | undefined> {
  return (await listCheckpoints(folder)).at(-1);
}

/**
 * The newest checkpoint that is whole, in memory, and the damaged ones that were passed over for it.
 *
 * @throws WEIGHTS_MISMATCH when it is of another architecture than expected; IO when it may not be read.
 */
export async function latestUsableCheckpoint(
  folder: string,
  expected: ExpectedCheckpoint = {},
): Promise<{ checkpoint: Checkpoint | undefined; damaged: DamagedCheckpoint[] }> {
  const damaged: DamagedCheckpoint[] = [];
  for (const place of (await listCheckpoints(folder)).reverse()) {
    try {
      return { checkpoint: await readCheckpoint(place.path, expected), damaged };
    } catch (error) {
      if (!(error instanceof VaekitError) || error.code !== "INVALID_FILE") throw error;
      damaged.push({ ...place, error });
    }
  }
  return { checkpoint: undefined, damaged };
}

/**
 * Reads a checkpoint and checks every byte of it.
 *
 * @param expected what the checkpoint must fit; looked at before any tensor is read.
 * @throws NOT_FOUND, IO; INVALID_FILE, naming the file, when it is cut off or changed; WEIGHTS_MISMATCH when it is of
 *   another architecture; UNSUPPORTED when a later vaekit wrote it.
 */
export async function readCheckpoint(path: string, expected: ExpectedCheckpoint = {}): Promise<Checkpoint> {
  await stat(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  const found = await readState(join(path, stateFile));
  const tensorsPath = join(path, tensorsFile);
  await verifyTensorsFile(tensorsPath, found.tensors);
  const { tensors: stored } = await parseSafetensors(await openFileSource(tensorsPath));
  checkFit(path, { fingerprint: found.fingerprint, tensors: stored }, expected);
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of stored) tensors.set(name, await readTensor(tensor));
  return { path, step: found.step, tensors, state: found.state, fingerprint: found.fingerprint };
}

async function readState(path: string): Promise<CheckpointState> {
  const bytes = await readJsonBytes(path).catch((error: unknown) => {
    throw error instanceof VaekitError && error.code === "NOT_FOUND" ? missing(path) : error;
  });
  return parseState(new TextDecoder().decode(bytes), path);
}

async function verifyTensorsFile(path: string, expected: CheckpointState["tensors"]): Promise<void> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw systemCode(error) === "ENOENT" ? missing(path) : readError(path, error);
  });
  if (size !== expected.byteLength) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: the file is damaged: expected ${expected.byteLength} bytes, found ${size}.`,
    );
  }
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }))
      hash.update(chunk as Buffer);
  } catch (error) {
    throw readError(path, error);
  }
  if (hash.digest("hex") !== expected.sha256) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: the file is damaged: its bytes have another SHA-256 than when they were written.`,
    );
  }
}

function missing(path: string): VaekitError {
  return new VaekitError("INVALID_FILE", `${path}: the checkpoint is damaged: this file is missing.`);
}

/**
 * Puts the checkpoints after a step out of the way, as `step-000600.discarded`: a run that goes on from an earlier
 * one will write its own, and a damaged one may still be of use to a person.
 */
export async function discardCheckpointsAfter(folder: string, step: number): Promise<void> {
  for (const place of await listCheckpoints(folder)) {
    if (place.step <= step) continue;
    const aside = `${place.path}.discarded`;
    await rm(aside, { recursive: true, force: true });
    await rename(place.path, aside);
  }
}
