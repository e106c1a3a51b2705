import type { DiagonalGaussianDistribution } from "vaekit";

/** The posterior, of classes that have one. */
export function posteriorOf(encoded: object): DiagonalGaussianDistribution | undefined {
  return "latentDist" in encoded ? (encoded.latentDist as DiagonalGaussianDistribution) : undefined;
}
