/**
 * Which Philox streams of a run's seed the data take. The purpose sits in the highest byte of the stream's number,
 * so these streams meet neither one another nor those that a trainer counts from 0.
 */
import { Generator, type PhiloxGenerator } from "../random/index.ts";

const purposes = { order: 0xd1n, augmentation: 0xd2n, binarization: 0xd3n } as const;

/** The stream for one purpose; `major` has 24 bits and `minor` 32. */
export function dataStream(
  seed: number | bigint,
  purpose: keyof typeof purposes,
  major: number,
  minor = 0,
): PhiloxGenerator {
  const id =
    (purposes[purpose] << 56n) |
    (BigInt.asUintN(24, BigInt(major)) << 32n) |
    BigInt.asUintN(32, BigInt(minor));
  return Generator.philox(seed).stream(id);
}
