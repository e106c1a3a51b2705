/** Decoders that give a distribution of pixels, and not only the pixels. */
import type { Graph } from "../graph/index.ts";
import type { PixelLikelihood } from "../latents/pixel-likelihood.ts";
import type { InputSize } from "../models/index.ts";

/** A decoder that says how its pixels are distributed. */
export interface PixelDecoder {
  readonly pixels: "bernoulli" | PixelLikelihood;
  /**
   * Input latents; output the means [N, C, …], and for pixels with a scale the scales behind them, [N, 2C, …]; for categorical ones the
   * logarithms of the levels' probabilities, [N, C · levels, …], those of one channel after those of another.
   */
  graph(size: InputSize): Graph;
}
