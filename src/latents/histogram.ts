/** A streaming histogram of fixed range: constant memory, mergeable, and exact under shifting and scaling. */
import { VaekitError } from "../errors.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";

/** The state of a {@link Histogram}, for a file or a chart. */
export interface HistogramJson {
  /** The lower edge of the first bin. */
  readonly low: number;
  /** The upper edge of the last bin; it belongs to no bin. */
  readonly high: number;
  /** How many values fell into each bin, from `low` on. */
  readonly counts: readonly number[];
  /** Values below `low`. */
  readonly below: number;
  /** Values from `high` on. */
  readonly above: number;
}

/** Counts of values in equal bins of [low, high), and of those outside. */
export class Histogram {
  /** The lower edge of the first bin. */
  readonly low: number;
  /** The upper edge of the last bin; it belongs to no bin. */
  readonly high: number;
  /** How many values fell into each bin. The array itself, not a copy. */
  readonly counts: Float64Array;
  #below = 0;
  #above = 0;

  constructor(range: { readonly low: number; readonly high: number; readonly bins: number }) {
    checkValue("Histogram", range, optionKinds.object);
    const { low, high, bins } = range;
    const ordered = Number.isFinite(low) && Number.isFinite(high) && low < high;
    if (!ordered || !Number.isSafeInteger(bins) || bins < 1) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `Histogram: expected finite low < high and at least one bin, found ${[low, high, bins].map(describeValue).join(", ")}.`,
      );
    }
    this.low = low;
    this.high = high;
    this.counts = new Float64Array(bins);
  }

  /** Values below the range. */
  get below(): number {
    return this.#below;
  }

  /** Values from the upper edge on. */
  get above(): number {
    return this.#above;
  }

  /** All values counted, inside the range or not. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, this.#below + this.#above);
  }

  /** Counts in values; NaN is not counted. */
  add(values: Float32Array): this {
    checkValue("Histogram.add", values, optionKinds.floats);
    const bins = this.counts.length;
    const perUnit = bins / (this.high - this.low);
    for (const value of values) {
      if (value < this.low) this.#below++;
      else if (value >= this.high) this.#above++;
      // Rounding may reach `bins` just below the upper edge.
      else if (value >= this.low)
        this.counts[Math.min(Math.floor((value - this.low) * perUnit), bins - 1)]!++;
    }
    return this;
  }

  /**
   * Counts in all that `other` has counted.
   *
   * @throws INVALID_ARGUMENT when its bins are others.
   */
  merge(other: Histogram): this {
    if (!((other as unknown) instanceof Histogram)) {
      const message = `Histogram.merge: expected a Histogram, found ${describeValue(other)}.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    const sameBins =
      other.low === this.low && other.high === this.high && other.counts.length === this.counts.length;
    if (!sameBins) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `Histogram.merge: expected ${this.counts.length} bins in [${this.low}, ${this.high}), found ${other.counts.length} in [${other.low}, ${other.high}).`,
      );
    }
    other.counts.forEach((count, bin) => (this.counts[bin]! += count));
    this.#below += other.#below;
    this.#above += other.#above;
    return this;
  }

  /**
   * The histogram of (value - shift) · scale, scale > 0: the same counts between other edges.
   *
   * @throws INVALID_ARGUMENT for a shift or a scale that is no such number.
   */
  normalized(shift: number, scale: number): Histogram {
    checkValue("Histogram.normalized: shift", shift, optionKinds.finiteNumber);
    checkValue("Histogram.normalized: scale", scale, optionKinds.aboveZero);
    const edges = { low: (this.low - shift) * scale, high: (this.high - shift) * scale };
    const copy = new Histogram({ ...edges, bins: this.counts.length });
    copy.counts.set(this.counts);
    copy.#below = this.#below;
    copy.#above = this.#above;
    return copy;
  }

  /** The state, from which {@link Histogram.fromJSON} makes an equal histogram. */
  toJSON(): HistogramJson {
    const { low, high, below, above } = this;
    return { low, high, counts: [...this.counts], below, above };
  }

  /** @throws INVALID_FILE when the JSON is not what `toJSON` gives. */
  static fromJSON(json: HistogramJson): Histogram {
    const given: unknown = json;
    const { low, high, counts, below, above } = (given ?? {}) as HistogramJson;
    const valid =
      [low, high].every(Number.isFinite) &&
      low < high &&
      Array.isArray(counts) &&
      counts.length > 0 &&
      [below, above].concat(counts).every((count) => Number.isSafeInteger(count) && count >= 0);
    if (!valid) {
      throw new VaekitError(
        "INVALID_FILE",
        "Histogram.fromJSON: expected finite low < high, and whole, non-negative counts, below and above.",
      );
    }
    const histogram = new Histogram({ low, high, bins: counts.length });
    histogram.counts.set(counts);
    histogram.#below = below;
    histogram.#above = above;
    return histogram;
  }
}
