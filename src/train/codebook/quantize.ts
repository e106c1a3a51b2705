/**
 * The nearest row of a codebook for each latent, inside a graph: of distances the least (ArgMin), and a matrix of zeros
 * and ones (OneHot) whose products give the rows, how often each was used, and the sums over its latents.
 *
 * Shapes: N batch, E values of a row, h w latents; P = N · h · w places, R rows.
 *
 * @see van den Oord et al. 2017, Neural Discrete Representation Learning
 * @see diffusers, models/autoencoders/vq_model.py (VectorQuantizer)
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { add, meanOfAll, multiply, square, subtract, sumOver } from "../losses/arithmetic.ts";
import type { QuantizerOptions } from "./codebook.ts";

/** Elements of the largest matrix of places and rows, 64 MiB: more places are quantised part by part. */
const maxScores = 2 ** 24;

/** What became of a batch of latents. */
export interface Quantized {
  /** The latents by their places, [P, E]. */
  readonly latents: Value;
  /** The rows in the latents' places [N, E, h, w]. */
  readonly rows: Value;
  /** How often each row was used, [R]. */
  readonly counts: Value;
  /** The sum of the latents of each row, [R, E]. */
  readonly sums: Value;
  /** The sum of row - latent for each row, [R, E]. */
  readonly residuals: Value;
}

/**
 * Of equally near rows the first. Nothing of it is differentiated.
 *
 * @param z latents [N, E, h, w].
 * @param codebook [R, E].
 */
export function quantizeLatents(
  builder: GraphBuilder,
  z: Value,
  codebook: Value,
  largest = maxScores,
): Quantized {
  return builder.scope("quantize", () => {
    const [batch, size, height, width] = z.shape as [number, number, number, number];
    const [rowCount] = codebook.shape as [number, number];
    const channelsLast = builder.apply("Transpose", [z], { perm: [0, 2, 3, 1] });
    const latents = builder.apply("Reshape", [channelsLast], { shape: [batch * height * width, size] });
    const turned = builder.apply("Transpose", [codebook], { perm: [1, 0] });
    const squares = sumOver(builder, square(builder, turned), [0], true); // [1, R]
    const twice = multiply(builder, turned, 2);
    const parts = partsOf(builder, latents, Math.max(1, Math.floor(largest / rowCount))).map((part) => {
      // |z - e|² without |z|², which is the same for all rows.
      const distances = subtract(builder, squares, builder.apply("MatMul", [part, twice], {}));
      const nearest = builder.apply("ArgMin", [distances], { axis: 1 });
      const uses = builder.apply("OneHot", [nearest], { depth: rowCount }); // [P, R]
      const rows = builder.apply("MatMul", [uses, codebook], {});
      const byRow = builder.apply("Transpose", [uses], { perm: [1, 0] });
      return {
        rows,
        counts: sumOver(builder, uses, [0]),
        sums: builder.apply("MatMul", [byRow, part], {}),
        residuals: builder.apply("MatMul", [byRow, subtract(builder, rows, part)], {}),
      };
    });
    const sumOf = (key: "counts" | "sums" | "residuals"): Value =>
      parts.map((part) => part[key]).reduce((sum, each) => add(builder, sum, each));
    const flat = parts.map(({ rows }) => rows);
    const joined = flat.length === 1 ? flat[0]! : builder.apply("Concat", flat, { axis: 0 });
    const places = builder.apply("Reshape", [joined], { shape: [batch, height, width, size] });
    return {
      latents,
      rows: builder.apply("Transpose", [places], { perm: [0, 3, 1, 2] }),
      counts: sumOf("counts"),
      sums: sumOf("sums"),
      residuals: sumOf("residuals"),
    };
  });
}

/** [P, E] → some places at a time. */
function partsOf(builder: GraphBuilder, latents: Value, most: number): Value[] {
  const places = latents.shape[0]!;
  if (places <= most) return [latents];
  return Array.from({ length: Math.ceil(places / most) }, (_, index) =>
    builder.apply("Slice", [latents], {
      axes: [0],
      starts: [index * most],
      ends: [Math.min(places, (index + 1) * most)],
    }),
  );
}

/** z + (row - z), whose gradient reaches the latents as if they had been decoded themselves: the straight-through estimator. */
export function straightThrough(builder: GraphBuilder, z: Value, { rows }: Quantized): Value {
  const output = add(builder, z, subtract(builder, rows, z));
  builder.knowGradient({ inputs: [z], output, rule: (gradient) => [gradient] });
  return output;
}

/**
 * mean((row - z)²) twice, each with a gradient for one side only: the commitment of the encoder to the rows, and the
 * codebook's loss, which draws the rows to the latents. As numbers the sum is (1 + beta) · mean((row - z)²) → [].
 *
 * @param learns whether the codebook has a gradient; otherwise the commitment, weighed by beta, is all.
 */
export function commitLoss(
  builder: GraphBuilder,
  { z, codebook, quantized }: { readonly z: Value; readonly codebook: Value; readonly quantized: Quantized },
  { beta, legacy }: Pick<QuantizerOptions, "beta" | "legacy">,
  learns: boolean,
): Value {
  const difference = subtract(builder, quantized.rows, z);
  const distance = meanOfAll(builder, square(builder, difference));
  const share = 2 / sizeOf(z.shape);
  const term = (input: Value, slope: Value, sign: 1 | -1, weight: number): Value => {
    const output = multiply(builder, distance, weight);
    const rule = (gradient: Value): Value[] => [
      multiply(builder, slope, multiply(builder, gradient, sign * weight * share)),
    ];
    builder.knowGradient({ inputs: [input], output, rule });
    return output;
  };
  const commitment = term(z, difference, -1, learns && legacy ? 1 : beta);
  if (!learns) return commitment;
  return add(builder, commitment, term(codebook, quantized.residuals, 1, legacy ? beta : 1));
}

/**
 * `perplexity`: the exponential of the entropy of how often each row was used, 1 to R. `codebook_usage`: the share of rows
 * that were used at all. Both of one batch.
 *
 * @param counts [R]
 */
export function usageTerms(builder: GraphBuilder, counts: Value, places: number): Record<string, Value> {
  const shares = multiply(builder, counts, 1 / places);
  const logs = builder.apply("Log", [builder.apply("Clip", [shares], { min: 1e-30 })], {});
  const entropy = multiply(builder, sumOver(builder, multiply(builder, shares, logs), [0]), -1);
  return {
    perplexity: builder.apply("Exp", [entropy], {}),
    codebook_usage: meanOfAll(builder, builder.apply("Sign", [counts], {})),
  };
}
