/** p(x|z): how the values of pictures are distributed, given their latents. */
import { VaekitError } from "../errors.ts";
import type { Generator } from "../random/index.ts";
import { PhiloxGenerator } from "../random/philox-generator.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkOptions, checkValue, oneOf, optionKinds, type OptionKinds } from "../util/check-options.ts";
import {
  bitsOfLevel,
  levelWidth,
  lowestLevel,
  type PixelLikelihood,
  type PixelRange,
} from "./pixel-likelihood.ts";
import { sumOver } from "./reduce.ts";

/** The kinds of p(x|z). */
export type PixelDistributionKind = "bernoulli" | PixelLikelihood["distribution"];

/** What a {@link PixelDistribution} is made of. */
export interface PixelDistributionFields {
  /** Black and white pixels, normal ones, a logistic density summed over the pixels' levels, or a probability for each of them. */
  readonly distribution: PixelDistributionKind;
  /** The mean of each value; of Bernoulli pixels the probability of 1. float32 [N, ...]. */
  readonly mean: Tensor<"float32">;
  /** σ of a normal, s of a logistic distribution, of the mean's shape; null for the others. */
  readonly scale: Tensor<"float32"> | null;
  /** Of a categorical distribution the logarithm of each level's probability, float32 [N, ..., levels]; left out for the others. */
  readonly logProbabilities?: Tensor<"float32">;
  /** The pixels' range. */
  readonly range: PixelRange;
  /** How many values a pixel can have; null for continuous ones. */
  readonly levels: number | null;
}

/** Where a sample's randomness comes from. */
export interface PixelSampleOptions {
  /** Draws the sample. @default a new one with a seed of its own */
  readonly generator?: Generator;
}

const fieldKinds: OptionKinds<PixelDistributionFields> = {
  distribution: oneOf(["bernoulli", "normal", "discretized_logistic", "categorical"]),
  mean: optionKinds.checkedElsewhere,
  scale: optionKinds.checkedElsewhere,
  logProbabilities: optionKinds.checkedElsewhere,
  range: oneOf(["signed", "unit"]),
  levels: {
    expected: "a whole number of at least 2, or null",
    fits: (value) => value === null || (Number.isSafeInteger(value) && Number(value) > 1),
  },
};

const sampleKinds: OptionKinds<PixelSampleOptions> = { generator: optionKinds.generator };

const logTwoPi = Math.log(2 * Math.PI);

/** log(1 + e^a) for every a. */
const softplus = (a: number): number => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

/** The distributions of pictures' values, each independent of the others once the latents are known. */
export class PixelDistribution {
  /** Which density or probabilities the values have. */
  readonly distribution: PixelDistributionKind;
  /**
   * The mean of each value, float32 [N, ...]: the least noisy picture. Of a discretised logistic distribution the centre of its curve, which
   * lies outside of the pixels' range where a pixel is surely at an end.
   */
  readonly mean: Tensor<"float32">;
  /** σ of a normal, s of a logistic distribution, of the mean's shape; null for the others. */
  readonly scale: Tensor<"float32"> | null;
  /** Of a categorical distribution the logarithm of each level's probability, [N, ..., levels]; null for the others. */
  readonly logProbabilities: Tensor<"float32"> | null;
  /** The pixels' range. */
  readonly range: PixelRange;
  /** How many values a pixel can have; null for continuous ones. */
  readonly levels: number | null;

  /**
   * @throws INVALID_ARGUMENT for a field of another kind; a normal or a logistic distribution needs a scale, a categorical one
   *   probabilities and levels.
   */
  constructor(fields: PixelDistributionFields) {
    checkValue("PixelDistribution", fields, optionKinds.object);
    checkOptions("PixelDistribution", fields, fieldKinds);
    const { distribution, mean, scale, logProbabilities = null, range, levels } = fields;
    checkValue("PixelDistribution: distribution", distribution, fieldKinds.distribution);
    checkValue("PixelDistribution: range", range, fieldKinds.range);
    checkTensor(mean, "PixelDistribution: mean");
    if (distribution === "categorical") {
      checkTensor(logProbabilities, "PixelDistribution: logProbabilities");
      checkShape(logProbabilities, [...mean.shape, levels ?? 0], "PixelDistribution: logProbabilities");
    } else if (distribution !== "bernoulli") checkTensor(scale, "PixelDistribution: scale");
    this.distribution = distribution;
    this.mean = mean;
    this.scale = scale;
    this.logProbabilities = logProbabilities;
    this.range = range;
    this.levels = levels;
    if (scale !== null) checkShape(scale, mean.shape, "PixelDistribution: scale");
  }

  /**
   * One draw of each value, float32 [N, ...]. A normal one may leave the pixels' range; a discretised or categorical one is one of the
   * levels, a Bernoulli one 0 or 1.
   */
  sample(options: PixelSampleOptions = {}): Tensor<"float32"> {
    checkOptions("PixelDistribution.sample", options, sampleKinds);
    const generator = options.generator ?? new PhiloxGenerator(Math.floor(Math.random() * 2 ** 53));
    const { distribution, mean, scale } = this;
    const noise = distribution === "normal" ? generator.randn(mean.shape) : generator.rand(mean.shape);
    const out = noise.data.map((drawn, i) => this.#draw(i, drawn, mean.data[i]!, scale?.data[i] ?? 1));
    return Tensor.from(out, mean.shape);
  }

  /**
   * -log p(x|z) of pictures x in nats, summed over each picture: float32 [N]. Of a categorical distribution those of the levels nearest
   * to x.
   *
   * @param x float, of the mean's shape, in the pixels' range.
   * @throws INVALID_ARGUMENT on another shape.
   */
  nll(x: Tensor): Tensor<"float32"> {
    checkTensor(x, "PixelDistribution.nll: x");
    checkShape(x, this.mean.shape, "PixelDistribution.nll: x");
    const values = x.toFloat32().data;
    const { mean, scale } = this;
    const axes = mean.shape.map((_, axis) => axis).slice(1);
    return sumOver(mean.shape, axes, "PixelDistribution.nll", (i) =>
      this.#nllOf(i, values[i]!, mean.data[i]!, scale?.data[i] ?? 1),
    );
  }

  /**
   * {@link nll} in bits for each value, float32 [N]. Those of a normal density of values with levels are made comparable with
   * probabilities by the distance of two levels.
   */
  bitsPerDimension(x: Tensor): Tensor<"float32"> {
    const nats = this.nll(x);
    const valueCount = this.mean.size / nats.size;
    const correction = bitsOfLevel(this, this.range);
    return Tensor.from(
      nats.data.map((each) => each / (valueCount * Math.LN2) - correction),
      nats.shape,
    );
  }

  #draw(i: number, drawn: number, mean: number, scale: number): number {
    switch (this.distribution) {
      case "normal":
        return mean + scale * drawn;
      case "bernoulli":
        return drawn < mean ? 1 : 0;
      case "discretized_logistic":
        // Where a uniform number lies on the logistic curve; 0 and 1 are infinitely far out, at the last level.
        return this.#level(this.#nearestLevel(mean + scale * (Math.log(drawn) - Math.log1p(-drawn))));
      case "categorical":
        return this.#level(this.#drawnLevel(i, drawn));
    }
  }

  /** The first level up to which the probabilities sum to more than a uniform number. */
  #drawnLevel(i: number, drawn: number): number {
    const last = this.levels! - 1;
    let [level, sum] = [0, 0];
    while (level < last && (sum += Math.exp(this.#logProbability(i, level))) <= drawn) level++;
    return level;
  }

  #logProbability(i: number, level: number): number {
    return this.logProbabilities!.data[i * this.levels! + level]!;
  }

  #level(index: number): number {
    return lowestLevel(this.range) + this.#levelWidth * index;
  }

  #nearestLevel(value: number): number {
    const lowest = lowestLevel(this.range);
    return Math.round((Math.min(Math.max(value, lowest), 1) - lowest) / this.#levelWidth);
  }

  #nllOf(i: number, x: number, mean: number, scale: number): number {
    switch (this.distribution) {
      case "normal":
        return 0.5 * (((x - mean) / scale) ** 2 + logTwoPi) + Math.log(scale);
      case "bernoulli":
        return -(x * Math.log(mean) + (1 - x) * Math.log1p(-mean));
      case "discretized_logistic": {
        const width = this.#levelWidth;
        const isLowest = x < lowestLevel(this.range) + width / 2;
        const isHighest = x > 1 - width / 2;
        const above = isHighest ? 0 : softplus(-(x + width / 2 - mean) / scale);
        const below = isLowest ? 0 : softplus((x - width / 2 - mean) / scale);
        return above + below - (isLowest || isHighest ? 0 : Math.log(-Math.expm1(-width / scale)));
      }
      case "categorical":
        return -this.#logProbability(i, this.#nearestLevel(x));
    }
  }

  get #levelWidth(): number {
    return levelWidth(this.levels ?? 256, this.range);
  }
}

function checkShape(found: Tensor, expected: Shape, subject: string): void {
  if (sameShape(found.shape, expected)) return;
  const message = `${subject}: expected shape ${formatShape(expected)}, found ${formatShape(found.shape)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
