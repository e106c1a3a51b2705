/**
 * The state of PyTorch's CPU generator as `torch.get_rng_state()` gives it: 5056 bytes, little-endian. What is
 * saved here goes on there, and the other way round.
 *
 * | offset | type        | content                                                     |
 * |--------|-------------|-------------------------------------------------------------|
 * | 0      | uint64      | the seed                                                    |
 * | 8      | int32       | words left before the next regeneration, plus 1             |
 * | 12     | int32       | 1: seeded                                                   |
 * | 16     | uint64      | index of the next word                                      |
 * | 24     | uint64[624] | the words of the Mersenne Twister                           |
 * | 5016   | float64[3]  | unused; the cached normal; unused                           |
 * | 5040   | int32       | 1: there is a cached normal                                 |
 * | 5048   | float32     | a cached float32 normal, which no draw on the CPU leaves    |
 * | 5052   | bool        | 1: there is one                                             |
 *
 * @see PyTorch, aten/src/ATen/CPUGeneratorImpl.cpp
 */
import { VaekitError } from "../errors.ts";
import { stateSize, type Mt19937State } from "./mt19937.ts";

const byteLength = 5056;
const offsets = { left: 8, seeded: 12, next: 16, words: 24, normal: 5024, normalIsValid: 5040 } as const;

export interface TorchState extends Mt19937State {
  readonly seed: bigint;
  readonly cachedNormal: number | undefined;
}

export function encodeTorchState({ seed, left, next, words, cachedNormal }: TorchState): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, seed, true);
  view.setInt32(offsets.left, left, true);
  view.setInt32(offsets.seeded, 1, true);
  view.setBigUint64(offsets.next, BigInt(next), true);
  for (let i = 0; i < stateSize; i++) view.setUint32(offsets.words + 8 * i, words[i]!, true);
  if (cachedNormal !== undefined) {
    view.setFloat64(offsets.normal, cachedNormal, true);
    view.setInt32(offsets.normalIsValid, 1, true);
  }
  return bytes;
}

/** @throws INVALID_ARGUMENT when the bytes are no such state. */
export function decodeTorchState(bytes: Uint8Array): TorchState {
  if (bytes.length !== byteLength) {
    fail(`expected the ${byteLength} bytes of torch.get_rng_state() on the CPU, found ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, byteLength);
  const left = view.getInt32(offsets.left, true);
  const next = Number(view.getBigUint64(offsets.next, true));
  if (view.getInt32(offsets.seeded, true) !== 1) fail("the generator of these bytes was never seeded");
  // A seeded engine begins at next 0, left 1; a running one has 624 words between them.
  const fits =
    (next === 0 && left === 1) || (next >= 1 && next <= stateSize && left + next === stateSize + 1);
  if (!fits) fail(`the bytes contradict themselves: word ${next} is next, and ${left} are left`);
  const words = new Int32Array(stateSize);
  for (let i = 0; i < stateSize; i++) words[i] = view.getInt32(offsets.words + 8 * i, true);
  const isCached = view.getInt32(offsets.normalIsValid, true) !== 0;
  return {
    seed: view.getBigUint64(0, true),
    left,
    next,
    words,
    cachedNormal: isCached ? view.getFloat64(offsets.normal, true) : undefined,
  };
}

function fail(detail: string): never {
  throw new VaekitError("INVALID_ARGUMENT", `setState: ${detail}.`);
}
