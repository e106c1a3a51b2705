/**
 * Mean and variance of latents per channel, in one pass and mergeable: shards can be counted anywhere, in any
 * order, and put together (Chan, Golub and LeVeque 1979). All sums are doubles around the running mean.
 */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { checkValue, wholeNumber } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The state of a {@link LatentStatistics}, for a file. */
export interface LatentStatisticsJson {
  /** Latent channels, C. */
  readonly channels: number;
  /** How many values each channel has seen. */
  readonly count: number;
  /** Per channel, the mean; 0 before any value. */
  readonly mean: readonly number[];
  /** Per channel, the sum of squared distances from the mean. */
  readonly squares: readonly number[];
}

/** Running moments of each latent channel. */
export class LatentStatistics {
  /** Latent channels, C. */
  readonly channels: number;
  #count = 0;
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;

  constructor(channels: number) {
    checkValue("LatentStatistics: channels", channels, wholeNumber(1));
    this.channels = channels;
    this.#mean = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
  }

  /** How many values each channel has seen. */
  get count(): number {
    return this.#count;
  }

  /** The mean of each channel; NaN before any value. */
  get mean(): Float64Array {
    return this.#mean.map((mean) => (this.#count === 0 ? NaN : mean));
  }

  /** The population variance of each channel; NaN before any value. */
  get variance(): Float64Array {
    return this.#squares.map((sum) => sum / this.#count);
  }

  /** The population standard deviation of each channel. */
  get std(): Float64Array {
    return this.variance.map(Math.sqrt);
  }

  /** The mean over all channels. */
  get globalMean(): number {
    return average(this.mean);
  }

  /** The population variance over all channels: within the channels, plus between their means. */
  get globalVariance(): number {
    const center = this.globalMean;
    return average(this.variance) + average(this.mean.map((mean) => (mean - center) ** 2));
  }

  /**
   * Counts in latents [N, C, …]. Nothing is counted when it throws.
   *
   * @throws INVALID_ARGUMENT for another number of channels, or values that are NaN or infinite.
   */
  add(latents: Tensor): this {
    checkTensor(latents, "LatentStatistics.add: latents");
    const [batch = 0, channels, ...rest] = latents.shape;
    if (channels !== this.channels) {
      throw invalid(
        `LatentStatistics.add: expected latents [N, ${this.channels}, …], found ${formatShape(latents.shape)}.`,
      );
    }
    const values = latents.toFloat32().data;
    const broken = values.find((value) => !Number.isFinite(value));
    if (broken !== undefined) {
      throw invalid(
        `LatentStatistics.add: expected finite latents, found ${broken}. Leave this picture out, or encode it in float32.`,
      );
    }
    const area = sizeOf(rest);
    for (let n = 0; n < batch; n++) this.#addSample(values, n * channels * area, area);
    return this;
  }

  /**
   * Counts in all that `other` has counted.
   *
   * @throws INVALID_ARGUMENT for another number of channels.
   */
  merge(other: LatentStatistics): this {
    if (!((other as unknown) instanceof LatentStatistics)) {
      throw invalid(`LatentStatistics.merge: expected LatentStatistics, found ${describeValue(other)}.`);
    }
    if (other.channels !== this.channels) {
      throw invalid(`LatentStatistics.merge: expected ${this.channels} channels, found ${other.channels}.`);
    }
    const total = this.#count + other.#count;
    for (let c = 0; c < this.channels; c++) {
      this.#mergeChannel(c, other.#count, other.#mean[c]!, other.#squares[c]!);
    }
    this.#count = total;
    return this;
  }

  /** The state, from which {@link LatentStatistics.fromJSON} makes equal statistics. */
  toJSON(): LatentStatisticsJson {
    const { channels, count } = this;
    return { channels, count, mean: [...this.#mean], squares: [...this.#squares] };
  }

  /** @throws INVALID_FILE when the JSON is not what `toJSON` gives. */
  static fromJSON(json: LatentStatisticsJson): LatentStatistics {
    const given: unknown = json;
    const { channels, count, mean, squares } = (given ?? {}) as LatentStatisticsJson;
    const lists = [mean, squares].every(
      (list) => Array.isArray(list) && list.length === channels && list.every(Number.isFinite),
    );
    if (
      !lists ||
      !Number.isSafeInteger(channels) ||
      channels < 1 ||
      !Number.isSafeInteger(count) ||
      count < 0 ||
      squares.some((sum) => sum < 0)
    ) {
      throw new VaekitError(
        "INVALID_FILE",
        "LatentStatistics.fromJSON: expected channels, count, and one mean and one non-negative sum of squares for each channel.",
      );
    }
    const statistics = new LatentStatistics(channels);
    statistics.#count = count;
    statistics.#mean.set(mean);
    statistics.#squares.set(squares);
    return statistics;
  }

  #addSample(values: Float32Array, start: number, area: number): void {
    if (area === 0) return;
    for (let c = 0; c < this.channels; c++) {
      const from = start + c * area;
      let sum = 0;
      for (let i = from; i < from + area; i++) sum += values[i]!;
      const mean = sum / area;
      let squares = 0;
      for (let i = from; i < from + area; i++) squares += (values[i]! - mean) ** 2;
      this.#mergeChannel(c, area, mean, squares);
    }
    this.#count += area;
  }

  /** Leaves the count, which all channels share, to the caller. */
  #mergeChannel(channel: number, count: number, mean: number, squares: number): void {
    if (count === 0) return;
    const total = this.#count + count;
    const distance = mean - this.#mean[channel]!;
    this.#mean[channel]! += (distance * count) / total;
    this.#squares[channel]! += squares + (distance * distance * this.#count * count) / total;
  }
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function invalid(message: string): VaekitError {
  return new VaekitError("INVALID_ARGUMENT", message);
}
