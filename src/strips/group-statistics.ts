/** Group normalisation's statistics over a whole picture, from those of its strips. */

export interface ChannelMoments {
  /** Pixels of the strip. */
  readonly pixels: number;
  /** [C] */
  readonly means: Float32Array;
  /** Sum of squared deviations from the mean, [C] */
  readonly deviations: Float32Array;
}

export interface GroupAffineOptions {
  readonly groups: number;
  readonly epsilon: number;
  /** [C] each. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** [C]: what was left out of every pixel, a convolution's bias; nothing by default. */
  readonly offset?: Float32Array;
  readonly strips: readonly ChannelMoments[];
}

/** One factor and one summand for each channel. */
export interface ChannelAffine {
  readonly scale: Float32Array<ArrayBuffer>;
  readonly shift: Float32Array<ArrayBuffer>;
}

/**
 * Normalisation with biased variance, weight and bias as scale · x + shift. In double precision.
 *
 * @see Chan, Golub and LeVeque 1979, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances
 */
export function groupAffine(options: GroupAffineOptions): ChannelAffine {
  const { groups, epsilon, weight, bias } = options;
  const channels = weight.length;
  const offset = options.offset ?? new Float32Array(channels);
  const strips = options.strips.map((strip) => ({
    ...strip,
    means: Float64Array.from(strip.means, (mean, channel) => mean + offset[channel]!),
  }));
  const groupSize = channels / groups;
  const scale = new Float32Array(channels);
  const shift = new Float32Array(channels);
  for (let group = 0; group < groups; group++) {
    const range = { begin: group * groupSize, end: (group + 1) * groupSize };
    const { mean, variance } = groupMoments(strips, range);
    const precision = 1 / Math.sqrt(variance + epsilon);
    for (let channel = range.begin; channel < range.end; channel++) {
      scale[channel] = weight[channel]! * precision;
      shift[channel] = bias[channel]! + (offset[channel]! - mean) * weight[channel]! * precision;
    }
  }
  return { scale, shift };
}

function groupMoments(
  strips: readonly (Omit<ChannelMoments, "means"> & { readonly means: Float64Array })[],
  { begin, end }: { begin: number; end: number },
): { mean: number; variance: number } {
  const over = (term: (strip: (typeof strips)[number], channel: number) => number): number => {
    let sum = 0;
    for (const strip of strips) {
      for (let channel = begin; channel < end; channel++) sum += term(strip, channel);
    }
    return sum;
  };
  const count = over(({ pixels }) => pixels);
  const mean = over(({ pixels, means }, channel) => pixels * means[channel]!) / count;
  const squares = over(
    ({ pixels, means, deviations }, channel) => deviations[channel]! + pixels * (means[channel]! - mean) ** 2,
  );
  return { mean, variance: squares / count };
}
