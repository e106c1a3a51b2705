/** Maps of a posterior, one number for each place: sums and means over the channels. */
import type { DiagonalGaussianDistribution } from "vaekit";
import type { Plane } from "../../drawing/draw.ts";

/** The mean standard deviation. */
export function sigmaMap(posterior: DiagonalGaussianDistribution): Plane {
  const { data: std, shape } = posterior.std;
  return overChannels(shape, (i) => std[i]! / shape[1]!);
}

/** The Kullback-Leibler divergence to N(0, 1), in nats. */
export function klMap({ mean, logvar }: DiagonalGaussianDistribution): Plane {
  return overChannels(mean.shape, (i) => {
    const variance = logvar.data[i]!;
    return 0.5 * (mean.data[i]! ** 2 + Math.exp(variance) - 1 - variance);
  });
}

function overChannels(shape: readonly number[], term: (i: number) => number): Plane {
  const [, channels = 0, height = 0, width = 0] = shape;
  const size = height * width;
  const values = new Float64Array(size);
  for (let i = 0; i < channels * size; i++) values[i % size]! += term(i);
  return { width, height, values };
}
