/**
 * p(x|z) with a scale: a decoder gives the mean of each pixel, and how wide the distribution around it is. Or, of a
 * categorical distribution, the logits of each level.
 *
 * σ = min + (initial - min) · exp(u), where u is what is trained, one number or many, and starts at 0. That is log σ
 * bounded by a softplus from below: σ never reaches the bound, so its gradient never is 0.
 *
 * @see Rybkin, Daniilidis & Levine 2021, Simple and Effective VAE Training with Calibrated Decoders
 */
import type { GraphBuilder, Value } from "../graph/index.ts";
import type { ScaledPixels } from "../latents/pixel-likelihood.ts";
import { conv2d, type ModuleContext } from "../nn/index.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * What a decoder gives: the mean (or Bernoulli's logits), and u for the scale where it is learned: of the mean's shape, or one that
 * broadcasts to it; or the logits of the levels.
 */
export interface Decoded {
  /** The mean of each value, or its logit. */
  readonly mean: Value;
  /** u: see this file's header. */
  readonly scale?: Value;
  /** Of a categorical distribution: [N, ..., levels]. */
  readonly levelLogits?: Value;
}

/** The parameter that holds u where it is one number or one for each channel. */
export const scaleName = "likelihood.scale";

/** The layer that gives u for each value. */
export const scaleLayer = "likelihood.scale";

/** Whether a parameter is one of the scale's. They begin as zeros. */
export const isScaleParameter = (name: string): boolean =>
  name === scaleName || name.startsWith(`${scaleLayer}.`);

/** u out of a parameter: one number that broadcasts to every shape. */
export const sharedScale = (context: ModuleContext): Value => context.parameter(scaleName, [1]);

/** u out of a parameter: a number for each channel of pictures [N, C, H, W]. */
export const channelScale = (context: ModuleContext, channels: number): Value =>
  context.parameter(scaleName, [channels], [channels, 1, 1]);

/**
 * u for pictures of planes, by where their scale comes from; undefined where none is learned.
 *
 * @param features [N, F, H, W], what the convolution sees that gives the means.
 * @returns [1], [C, 1, 1] or [N, C, H, W].
 */
export function scaleOfPlanes(
  context: ModuleContext,
  { scale }: ScaledPixels,
  features: Value,
  channels: number,
): Value | undefined {
  switch (scale) {
    case "fixed":
    case "optimal":
      return undefined;
    case "shared":
      return sharedScale(context);
    case "per_channel":
      return channelScale(context, channels);
    case "per_value":
      return conv2d(context, scaleLayer, features, { outChannels: channels, kernelSize: 3 });
  }
}

/** The scale itself out of u; where none is learned, `initialScale`. */
export function scaleOf(
  builder: GraphBuilder,
  { initialScale, minScale }: ScaledPixels,
  u: Value | undefined,
): Value {
  const constant = (value: number): Value =>
    builder.constant(`float32(${value})`, Tensor.from(Float32Array.of(value), []));
  if (u === undefined || minScale === null) return constant(initialScale);
  const above = builder.apply("Mul", [builder.apply("Exp", [u], {}), constant(initialScale - minScale)], {});
  return builder.apply("Add", [above, constant(minScale)], {});
}

/** What a decoder of distributions gives: the means [N, C, …], and behind them the scale of each value. [N, 2C, …] */
export function meansAndScales(
  builder: GraphBuilder,
  likelihood: ScaledPixels,
  { mean, scale: u }: Decoded,
): Value {
  const scale = scaleOf(builder, likelihood, u);
  // A sum and no Expand: value by value it goes through strips of rows.
  const zeros = builder.apply("Mul", [mean, builder.constant("zero", Tensor.zeros([]))], {});
  const scales = scale.shape.length === mean.shape.length ? scale : builder.apply("Add", [zeros, scale], {});
  return builder.apply("Concat", [mean, scales], { axis: 1 });
}
