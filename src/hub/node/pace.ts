/** Whether a body comes in time: a byte a second never ends, though it never stops. */

/** A slower body is given up: at this rate the smallest published VAE would take two days. */
const minBytesPerSecond = 1024;

/** Judges a body in windows of waiting. */
export class Pace {
  readonly #windowMs: number;
  #waitedMs = 0;
  #bytes = 0;

  /** @param windowMs after so much waiting, what came is judged, and counted anew. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /**
   * @param waitedMs for the network alone, without the time that the reader took.
   * @returns what came, where that is too little; undefined where it is enough, or the window is not over.
   */
  add(waitedMs: number, bytes: number): string | undefined {
    this.#waitedMs += waitedMs;
    this.#bytes += bytes;
    if (this.#waitedMs < this.#windowMs) return undefined;
    const isSlow = (this.#bytes / this.#waitedMs) * 1000 < minBytesPerSecond;
    const found = `only ${this.#bytes} bytes came in ${(this.#waitedMs / 1000).toFixed(1)} s`;
    this.#waitedMs = 0;
    this.#bytes = 0;
    return isSlow ? found : undefined;
  }
}
