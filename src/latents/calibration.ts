/**
 * The factors that bring latents to mean 0 and variance 1, measured on pictures.
 *
 * Neighbouring latents of one picture resemble each other, so pictures, not values, are the independent units.
 * The 95 % intervals are those of the delta method (infinitesimal jackknife) between pictures: each estimate is
 * linearised in the pictures' own sums, and the spread of these linear terms, with Student's t for the number of
 * pictures, gives its error. Pictures may differ in size; each value weighs the same.
 */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { checkValue, wholeNumber } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";
import { Tensor } from "../tensor/tensor.ts";
import { sizeOf } from "../tensor/shape.ts";
import { estimateFrom, type Estimate } from "./confidence.ts";
import { Histogram, type HistogramJson } from "./histogram.ts";
import { LatentStatistics, type LatentStatisticsJson } from "./statistics.ts";

/** What a config.json holds about latents, with how sure each number is. */
export interface Calibration {
  /** How many pictures were measured: the independent units of the intervals. */
  readonly pictures: number;
  /** Latent values of each channel, over all pictures. */
  readonly valuesPerChannel: number;
  /** 1 / the standard deviation over all channels. */
  readonly scalingFactor: Estimate;
  /** The mean over all channels. */
  readonly shiftFactor: Estimate;
  /** The mean of each channel, [C]. */
  readonly latentsMean: readonly Estimate[];
  /** 0 for a channel that has one value everywhere: no config may hold it, since latents are divided by it. */
  readonly latentsStd: readonly Estimate[];
}

/**
 * Measures the factors.
 *
 * @param pictures the statistics of each picture's latents.
 * @throws INVALID_ARGUMENT without pictures, for pictures of different channels, or when all values are the same.
 */
export function calibrate(pictures: readonly LatentStatistics[]): Calibration {
  if (!Array.isArray(pictures) || !pictures.every((picture) => picture instanceof LatentStatistics)) {
    throw invalid(`calibrate: expected a list of LatentStatistics, found ${describeValue(pictures)}.`);
  }
  const [first] = pictures;
  if (first === undefined || pictures.some((picture) => picture.count === 0)) {
    throw invalid("calibrate: expected the statistics of at least one picture, each with values.");
  }
  const total = pictures.reduce((sum, each) => sum.merge(each), new LatentStatistics(first.channels));
  if (!(total.globalVariance > 0)) {
    throw invalid("calibrate: expected latents that vary, found the same value everywhere.");
  }
  const global = momentsOf(pictures.map((each) => ({ count: each.count, ...globalOf(each) })));
  const perChannel = Array.from({ length: total.channels }, (_, c) => {
    return momentsOf(
      pictures.map((each) => ({ count: each.count, mean: each.mean[c]!, variance: each.variance[c]! })),
    );
  });
  const scale = 1 / global.std.value;
  return {
    pictures: pictures.length,
    valuesPerChannel: total.count,
    scalingFactor: estimateFrom(
      scale,
      global.stdInfluences.map((each) => -each * scale * scale),
    ),
    shiftFactor: global.mean,
    latentsMean: perChannel.map((channel) => channel.mean),
    latentsStd: perChannel.map((channel) => channel.std),
  };
}

function globalOf(picture: LatentStatistics): { mean: number; variance: number } {
  return { mean: picture.globalMean, variance: picture.globalVariance };
}

interface PictureMoments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** Mean and standard deviation over all pictures, and what each picture contributes to the latter's error. */
function momentsOf(pictures: readonly PictureMoments[]): {
  mean: Estimate;
  std: Estimate;
  stdInfluences: number[];
} {
  const count = pictures.reduce((sum, each) => sum + each.count, 0);
  const mean = pictures.reduce((sum, each) => sum + each.count * each.mean, 0) / count;
  const squares = pictures.map((each) => each.count * (each.variance + (each.mean - mean) ** 2));
  const variance = squares.reduce((sum, each) => sum + each, 0) / count;
  const std = Math.sqrt(variance);
  const perPicture = count / pictures.length;
  const meanInfluences = pictures.map((each) => (each.count * (each.mean - mean)) / perPicture);
  const stdInfluences = pictures.map((each, i) => {
    return std === 0 ? 0 : (squares[i]! - variance * each.count) / perPicture / (2 * std);
  });
  return { mean: estimateFrom(mean, meanInfluences), std: estimateFrom(std, stdInfluences), stdInfluences };
}

/** The factors, and the distribution of latents that they are for. */
export interface CalibrationResult extends Calibration {
  /** The raw latents. */
  readonly before: Histogram;
  /** The same after (z - shiftFactor) · scalingFactor. */
  readonly after: Histogram;
}

/** The state of a {@link LatentCalibrator}, for a file. */
export interface LatentCalibratorJson {
  /** Latent channels, C. */
  readonly channels: number;
  /** One entry for each picture, in the order in which they were counted. */
  readonly pictures: readonly LatentStatisticsJson[];
  /** All raw latents together. */
  readonly histogram: HistogramJson;
}

/** Collects latents picture by picture; calibrators of different shards can be merged. */
export class LatentCalibrator {
  /** Latent channels, C. */
  readonly channels: number;
  /** All raw latents; [-64, 64) in steps of 1/16 unless told otherwise. */
  readonly histogram: Histogram;
  readonly #pictures: LatentStatistics[] = [];

  constructor(channels: number, histogram = new Histogram({ low: -64, high: 64, bins: 2048 })) {
    checkValue("LatentCalibrator: channels", channels, wholeNumber(1));
    if (!((histogram as unknown) instanceof Histogram)) {
      throw invalid(`LatentCalibrator: expected a Histogram, found ${describeValue(histogram)}.`);
    }
    this.channels = channels;
    this.histogram = histogram;
  }

  /** The statistics of each picture so far. */
  get pictures(): readonly LatentStatistics[] {
    return this.#pictures;
  }

  /** Counts in the raw latents [N, C, h, w] of N pictures. @throws INVALID_ARGUMENT as LatentStatistics.add. */
  add(latents: Tensor): this {
    checkTensor(latents, "LatentCalibrator.add: latents");
    const values = latents.toFloat32();
    const [batch = 0, ...rest] = values.shape;
    const perPicture = sizeOf(rest);
    const added = Array.from({ length: batch }, (_, n) => {
      const picture = values.data.subarray(n * perPicture, (n + 1) * perPicture);
      return new LatentStatistics(this.channels).add(Tensor.from(picture, [1, ...rest]));
    });
    this.#pictures.push(...added);
    this.histogram.add(values.data);
    return this;
  }

  /** Counts in all that `other` has counted. @throws INVALID_ARGUMENT when channels or bins differ. */
  merge(other: LatentCalibrator): this {
    if (!((other as unknown) instanceof LatentCalibrator)) {
      throw invalid(`LatentCalibrator.merge: expected a LatentCalibrator, found ${describeValue(other)}.`);
    }
    if (other.channels !== this.channels) {
      throw invalid(`LatentCalibrator.merge: expected ${this.channels} channels, found ${other.channels}.`);
    }
    this.histogram.merge(other.histogram);
    this.#pictures.push(...other.#pictures);
    return this;
  }

  /**
   * The factors, and the histograms of all latents before and after (z - shiftFactor) · scalingFactor.
   *
   * @throws INVALID_ARGUMENT as {@link calibrate}.
   */
  result(): CalibrationResult {
    const calibration = calibrate(this.#pictures);
    const { shiftFactor, scalingFactor } = calibration;
    const after = this.histogram.normalized(shiftFactor.value, scalingFactor.value);
    return { ...calibration, before: this.histogram, after };
  }

  /** The state, from which {@link LatentCalibrator.fromJSON} makes an equal calibrator. */
  toJSON(): LatentCalibratorJson {
    const pictures = this.#pictures.map((picture) => picture.toJSON());
    return { channels: this.channels, pictures, histogram: this.histogram.toJSON() };
  }

  /** @throws INVALID_FILE when the JSON is not what `toJSON` gives. */
  static fromJSON(json: LatentCalibratorJson): LatentCalibrator {
    const given: unknown = json;
    const { channels, pictures, histogram } = (given ?? {}) as LatentCalibratorJson;
    const restored = Histogram.fromJSON(histogram);
    if (!Array.isArray(pictures) || !Number.isSafeInteger(channels) || channels < 1) {
      const message = "LatentCalibrator.fromJSON: expected channels, a list of pictures, and a histogram.";
      throw new VaekitError("INVALID_FILE", message);
    }
    const calibrator = new LatentCalibrator(channels, restored);
    for (const picture of pictures as readonly LatentStatisticsJson[]) {
      calibrator.#pictures.push(LatentStatistics.fromJSON(picture));
    }
    return calibrator;
  }
}

function invalid(message: string): VaekitError {
  return new VaekitError("INVALID_ARGUMENT", message);
}
