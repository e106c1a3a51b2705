/**
 * -log p(x|z) in nats, exactly: of a normal density, and of a logistic one summed over the bins of pixels' levels.
 *
 * With a fixed σ the normal one is the squared error over 2σ², and a constant: its gradient is that of "mse" times
 * 1 / (2σ²).
 *
 * @see Kingma & Welling 2014; Rybkin et al. 2021 (optimal σ); Salimans et al. 2017, PixelCNN++ (discretised logistic)
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import {
  bitsOfLevel,
  hasScale,
  levelWidth,
  lowestLevel,
  scaleOf,
  type Decoded,
  type PixelLikelihood,
  type PixelRange,
  type ScaledPixels,
} from "../../models/index.ts";
import {
  add,
  axesFrom,
  checkSameShape,
  divide,
  meanOfAll,
  multiply,
  negate,
  softplus,
  square,
  subtract,
  sumOver,
} from "./arithmetic.ts";
import { categorical } from "./categorical.ts";
import { perExample, valuesPerExample } from "./reduction.ts";

const logTwo = Math.log(2);
const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

interface InRange {
  readonly range: PixelRange;
}

/** A likelihood of pictures in a known range. */
export type PictureLikelihood = PixelLikelihood & InRange;

type ScaledPictures = ScaledPixels & InRange;

/** -log p(x|z) and the scale that it was computed with. */
export interface MeasuredLikelihood {
  /** In nats, summed over each picture, [N]. */
  readonly nll: Value;
  /** The mean scale, []; left out where the distribution has none. */
  readonly scale?: Value;
}

/**
 * -log p(x|z) of pictures x [N, ...] under what the decoder gave for them.
 *
 * @param decoded its mean has x's shape, its scale broadcasts to it.
 * @throws INVALID_ARGUMENT when the shapes differ.
 */
export function pixelLikelihood(
  builder: GraphBuilder,
  likelihood: PictureLikelihood,
  decoded: Decoded,
  x: Value,
): MeasuredLikelihood {
  checkSameShape(likelihood.distribution, decoded.mean, x);
  return hasScale(likelihood)
    ? scaledLikelihood(builder, likelihood, decoded, x)
    : { nll: categorical(builder, likelihood, decoded.levelLogits!, x) };
}

function scaledLikelihood(
  builder: GraphBuilder,
  likelihood: ScaledPictures,
  decoded: Decoded,
  x: Value,
): MeasuredLikelihood {
  const scale =
    likelihood.scale === "optimal"
      ? optimalScale(builder, likelihood, decoded.mean, x)
      : scaleOf(builder, likelihood, decoded.scale);
  const ofKind = likelihood.distribution === "normal" ? normal : discretizedLogistic;
  const nll = ofKind(builder, likelihood, { mean: decoded.mean, scale }, x);
  return { nll, scale: builder.apply("Identity", [meanOfAll(builder, scale)], {}) };
}

interface Parameters {
  readonly mean: Value;
  /** σ or s, of the mean's shape, or one that broadcasts to it. */
  readonly scale: Value;
}

/** ½ ((x - μ) / σ)² + log σ + ½ log 2π, summed over each picture. */
function normal(builder: GraphBuilder, _: ScaledPictures, { mean, scale }: Parameters, x: Value): Value {
  const distance = square(builder, divide(builder, subtract(builder, x, mean), scale));
  const perValue = multiply(builder, perExample(builder, distance), 0.5);
  const logs = sumOfLogs(builder, scale, x);
  return add(builder, add(builder, perValue, logs), valuesPerExample(x) * halfLogTwoPi);
}

/** Σ log σ over the values of a picture: [N], or a number [] or [1] for all. */
function sumOfLogs(builder: GraphBuilder, scale: Value, x: Value): Value {
  const logs = builder.apply("Log", [scale], {});
  if (scale.shape.length === x.shape.length) return perExample(builder, logs);
  const valuesOfEach = valuesPerExample(x) / scale.shape.reduce((product, size) => product * size, 1);
  const sum = sumOver(builder, logs, axesFrom(logs, 0));
  return multiply(builder, sum, valuesOfEach);
}

/**
 * The σ that makes a batch most likely, the root of its mean squared error, but never below the bound. It needs no
 * gradient of its own: there -log p(x|z) is flat in σ.
 */
function optimalScale(builder: GraphBuilder, { minScale }: ScaledPictures, mean: Value, x: Value): Value {
  const error = meanOfAll(builder, square(builder, subtract(builder, x, mean)));
  return builder.apply("Sqrt", [builder.apply("Clip", [error], { min: (minScale ?? 0) ** 2 })], {});
}

/**
 * -log(sigmoid(a) - sigmoid(b)), where a and b are the upper and the lower edge of x's bin, in scales from the mean; the
 * lowest bin has no lower edge, and the highest no upper one. As
 *
 *   softplus(-a) + softplus(b) - log(1 - e^(b - a))
 *
 * it is finite and exact for every mean and scale, where the difference of two sigmoids would be 0.
 */
function discretizedLogistic(
  builder: GraphBuilder,
  { levels, range }: ScaledPictures,
  { mean, scale }: Parameters,
  x: Value,
): Value {
  const width = levelWidth(levels ?? 256, range);
  const [lowest, highest] = [lowestLevel(range), 1];
  const centre = subtract(builder, x, mean);
  const upper = divide(builder, add(builder, centre, width / 2), scale);
  const lower = divide(builder, subtract(builder, centre, width / 2), scale);
  // 1 where there is such an edge: half a level away from the end, float32's rounding is out of the way.
  const clip = (value: Value): Value => builder.apply("Clip", [value], { min: 0, max: 1 });
  const hasLower = clip(multiply(builder, subtract(builder, x, lowest), 2 / width));
  const hasUpper = clip(multiply(builder, subtract(builder, highest, x), 2 / width));
  const edges = add(
    builder,
    multiply(builder, softplus(builder, negate(builder, upper)), hasUpper),
    multiply(builder, softplus(builder, lower), hasLower),
  );
  const inside = multiply(builder, multiply(builder, hasLower, hasUpper), logOfBin(builder, scale, width));
  return perExample(builder, subtract(builder, edges, inside));
}

/** log(1 - e^-w) for a bin of w scales: log 2 + log tanh(w/2) - log(1 + tanh(w/2)), which keeps its digits for small w. */
function logOfBin(builder: GraphBuilder, scale: Value, width: number): Value {
  const half = builder.apply("Tanh", [divide(builder, width / 2, scale)], {});
  const log = (value: Value): Value => builder.apply("Log", [value], {});
  return add(builder, subtract(builder, log(half), log(add(builder, half, 1))), logTwo);
}

/** Bits for each value of nats for each picture, [N] → [N], those of a density of values with levels made those of a probability. */
export function bitsPerDimension(
  builder: GraphBuilder,
  likelihood: PictureLikelihood,
  nats: Value,
  valueCount: number,
): Value {
  const bits = divide(builder, nats, valueCount * logTwo);
  return subtract(builder, bits, bitsOfLevel(likelihood, likelihood.range));
}
