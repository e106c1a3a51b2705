/** How much work one command takes on: a slip of the keyboard must not cost the machine. */
import { InvalidArgumentError } from "commander";
import { UsageError } from "./failure.ts";
import { formatCount } from "./format.ts";

/** Of all pictures that are in memory at once; far above any picture that memory has room to encode. */
const maxPixels = 100_000_000;

/** More threads than any processor has cores. */
const maxThreads = 1024;

/**
 * Checks a size before anything of that size is made.
 *
 * @param subject the options that ask for it, for the message: `--count 5000 of 256x256`.
 * @throws UsageError.
 */
export function checkPixels(subject: string, pixels: number): void {
  if (pixels <= maxPixels) return;
  throw new UsageError(
    `${subject}: expected at most ${formatCount(maxPixels)} pixels in all, found ${formatCount(pixels)}. Ask for less.`,
  );
}

/** Ten thousand rounds take hours already. */
const maxRounds = 10_000;

/** How often something is measured. */
export function parseRounds(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= maxRounds) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${maxRounds}.`);
}

/** A number of threads. */
export function parseThreads(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) > 0 && Number(text) <= maxThreads) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${maxThreads}.`);
}
