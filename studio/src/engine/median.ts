/** The middle of the last few numbers: a time that one slow run does not change. */
export class RunningMedian {
  readonly #kept: number[] = [];
  readonly #length: number;

  constructor(length = 5) {
    this.#length = length;
  }

  add(value: number): void {
    this.#kept.push(value);
    if (this.#kept.length > this.#length) this.#kept.shift();
  }

  /** undefined before the first number. */
  get value(): number | undefined {
    const sorted = [...this.#kept].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}
