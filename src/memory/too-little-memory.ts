/** The error of a budget to which no way of computing something keeps. */
import { VaekitError } from "../errors.ts";

export interface TooLittleMemory {
  /** "decoding 4096x4096" */
  readonly what: string;
  readonly allowedBytes: number;
  /** What the most modest way needs. */
  readonly leastBytes: number;
  /** Why there is none that needs less, as a sentence; for a program that has tried all, nothing need be said. */
  readonly why?: string;
}

/** INVALID_ARGUMENT, with the smallest budget that works. */
export function tooLittleMemory({ what, allowedBytes, leastBytes, why }: TooLittleMemory): VaekitError {
  // Rounded up, so that what the message says works in a process that holds a little more, too.
  const least = Math.ceil((1.05 * leastBytes) / 1e7) * 10;
  const found = `found ${Math.floor(allowedBytes / 1e6)} MB.${why === undefined ? "" : ` ${why}`}`;
  const message = `maxMemoryBytes: expected at least ${least} MB for ${what}, ${found} Allow more memory, or take a smaller picture.`;
  return new VaekitError("INVALID_ARGUMENT", message);
}

/** UNSUPPORTED: what an engine can address does not suffice, whatever the machine has. */
export function beyondEngine({ what, allowedBytes, leastBytes }: TooLittleMemory): VaekitError {
  const [least, most] = [Math.ceil(leastBytes / 1e7) * 10, Math.floor(allowedBytes / 1e7) * 10];
  const message = `${what} would take about ${least} MB, and WebAssembly has at most ${most}. Take a smaller picture, or tiling: "auto".`;
  return new VaekitError("UNSUPPORTED", message);
}
