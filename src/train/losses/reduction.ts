/**
 * From one number per example to one number per batch. Every loss of vaekit is first a sum over each example,
 * [N]; the reduction decides what that sum is divided by, for all terms of an objective alike.
 *
 * | reduction | value                     | used by                                   |
 * |-----------|---------------------------|-------------------------------------------|
 * | "ldm"     | Σ_n loss[n] / N           | LDM, diffusers' script: sum over C, H, W  |
 * | "mean"    | Σ_n loss[n] / (N · count) | scripts that take the mean over all values |
 *
 * A recipe's third reduction, "sum", is "ldm" with a gradient N times as large: the step minimises Σ_n loss[n], as
 * pytorch/examples' vae and the IWAE paper's code do, while the log keeps numbers per picture. Adam divides the
 * factor out again, but for its epsilon and for an epoch's smaller last batch.
 *
 * `count` is the number of picture values of one example (C · H · W), for the KL term too: "mean" is then
 * exactly "ldm" divided by C · H · W, and a weight of KL keeps its meaning. A port that takes means of each term
 * on its own must rescale its KL weight instead.
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { axesFrom, check, divide, meanOver, sumOver } from "./arithmetic.ts";

/** How a loss per example [N] becomes one number; see this file's header. */
export type Reduction = "ldm" | "mean";

/** Sums all values of each example. x [N, ...] → [N]. */
export const perExample = (builder: GraphBuilder, x: Value): Value => sumOver(builder, x, axesFrom(x, 1));

/** The number of values of one example: the product of all sizes but the batch's. */
export const valuesPerExample = (x: Value): number => sizeOf(x.shape.slice(1));

/**
 * Reduces sums per example [N] to a scalar [].
 *
 * @param valueCount the number of values of one picture, C · H · W; only "mean" divides by it.
 * @throws INVALID_ARGUMENT when the losses are not [N].
 */
export function reduceExamples(
  builder: GraphBuilder,
  losses: Value,
  reduction: Reduction,
  valueCount: number,
): Value {
  check(
    losses.shape.length === 1,
    `reduceExamples: expected one loss per example [N], found ${losses.name} ${formatShape(losses.shape)}.`,
  );
  const mean = meanOver(builder, losses, [0]);
  return reduction === "ldm" ? mean : divide(builder, mean, valueCount);
}
