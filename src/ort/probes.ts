/** How tricks are tried: a tiny model computed with them and in the plain way, and the numbers compared. */
import { attemptWith, type Attempter } from "./attempt.ts";
import { findBlockSize } from "./block-size.ts";
import { gradientSample, mixedSample, type FileHead } from "./samples.ts";
import type { TrickName } from "./tricks.ts";

/** Block sizes are not even asked for where the operators write beside their results instead of saying that they have none. */
export async function blockSizeOn(architecture: string, attempt: Attempter): Promise<number | undefined> {
  return architecture === "x64" ? findBlockSize(attempt) : undefined;
}

/** float32 rounds each step by 6e-8 of a number, and there are a few. */
const tolerance = 1e-6;

/**
 * Why some tricks cannot be used, all at once; undefined where they can. Rejects where a run fails.
 *
 * @param blockSize channels of a block; undefined leaves convolutions as they are
 * @param head of a file that is there, to be mapped
 */
export async function reasonAgainst(
  names: readonly TrickName[],
  attempt: Attempter,
  blockSize: Promise<number | undefined>,
  head: FileHead,
): Promise<string | undefined> {
  const sample = names.includes("grouped-gradients") ? gradientSample(head) : mixedSample(head);
  // The plain way needs no block size: it is asked for meanwhile.
  const plain = attempt(attemptWith([], sample, undefined));
  const own = blockSize.then((size) => attempt(attemptWith(names, sample, size)));
  const [expected, found] = await Promise.all([plain, own]);
  const isSame = sample.graph.outputs.every(({ name }) => areClose(found[name]!, expected[name]!));
  return isSame ? undefined : "a small model gave other numbers than in the plain way";
}

function areClose(found: ArrayLike<number>, expected: ArrayLike<number>): boolean {
  const values = Array.from(expected);
  const largest = Math.max(...values.map(Math.abs));
  return (
    found.length === values.length &&
    largest > 0 &&
    values.every((value, index) => Math.abs(value - found[index]!) <= tolerance * largest)
  );
}
