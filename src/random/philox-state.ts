/**
 * The state of our Philox generator: 32 bytes, little-endian: the letters "vkphilox", then the seed, the stream
 * and the next block, 64 bits each.
 */
import { VaekitError } from "../errors.ts";

const magic = new TextEncoder().encode("vkphilox");
const byteLength = 32;

export interface PhiloxState {
  readonly seed: bigint;
  readonly streamId: bigint;
  /** The first block that no draw has used. */
  readonly nextBlock: number;
}

export function encodePhiloxState({ seed, streamId, nextBlock }: PhiloxState): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  bytes.set(magic);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, seed, true);
  view.setBigUint64(16, streamId, true);
  view.setBigUint64(24, BigInt(nextBlock), true);
  return bytes;
}

/** @throws INVALID_ARGUMENT when the bytes are no such state. */
export function decodePhiloxState(bytes: Uint8Array): PhiloxState {
  if (bytes.length !== byteLength || magic.some((letter, i) => bytes[i] !== letter)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `setState: expected ${byteLength} bytes that begin with "vkphilox", found ${bytes.length} other ones; they are not the state of a Philox generator.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, byteLength);
  const nextBlock = Number(view.getBigUint64(24, true));
  if (!Number.isSafeInteger(nextBlock)) {
    throw new VaekitError("INVALID_ARGUMENT", `setState: expected a block below 2^53, found ${nextBlock}.`);
  }
  return { seed: view.getBigUint64(8, true), streamId: view.getBigUint64(16, true), nextBlock };
}
