/** A codebook that is trained: its parameter, what its loss weighs, and the averages that it follows. */
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { ParameterLayout } from "../parameter-layout.ts";

export interface QuantizerOptions {
  /** What the encoder's commitment counts beside the codebook's loss. */
  readonly beta: number;
  /** Whether beta weighs the codebook's loss instead, as diffusers' VectorQuantizer has it by default. */
  readonly legacy: boolean;
  /** What both together count beside the reconstruction. */
  readonly weight: number;
}

/** How rows follow the mean of the latents that are nearest to them. */
export interface AverageOptions {
  /** The share of the former average that stays at each step. */
  readonly decay: number;
  /** Laplace smoothing of how often each row was used. */
  readonly epsilon: number;
  /** Rows that are used less often than this in a step, on average, begin anew at latents of the batch; null: never. */
  readonly restartBelow: number | null;
}

export interface Codebook extends QuantizerOptions {
  /** The parameter's name. */
  readonly name: string;
  /** [rows, E] */
  readonly shape: Shape;
  /** Left out where the optimizer moves the rows. */
  readonly average?: CodebookAverage;
}

/** Names in the layout of the averages. */
export const averageNames = {
  sums: "sums",
  counts: "counts",
  pendingSums: "pending_sums",
  pendingCounts: "pending_counts",
} as const;

/** The averages of a codebook, [rows, E] and [rows], and how they move. */
export class CodebookAverage implements AverageOptions {
  readonly decay: number;
  readonly epsilon: number;
  readonly restartBelow: number | null;
  /** The averages as one vector of the state; of a step of several batches, also what the former ones gave. */
  readonly layout: ParameterLayout;

  /** @param accumulate the batches of a step. */
  constructor({ decay, epsilon, restartBelow }: AverageOptions, shape: Shape, accumulate: number) {
    this.decay = decay;
    this.epsilon = epsilon;
    this.restartBelow = restartBelow;
    const counts = [shape[0]!];
    const pending = [
      [averageNames.pendingSums, shape],
      [averageNames.pendingCounts, counts],
    ] as const;
    this.layout = new ParameterLayout(
      new Map<string, Shape>([
        [averageNames.sums, shape],
        [averageNames.counts, counts],
        ...(accumulate > 1 ? pending : []),
      ]),
    );
  }

  /** The averages whose quotient is these rows: as if each had been used once. */
  startAt(rows: Tensor<"float32">): Tensor<"float32"> {
    const vector = new Float32Array(this.layout.size);
    for (const { name, start, end } of this.layout.places) {
      if (name === averageNames.sums) vector.set(rows.data, start);
      if (name === averageNames.counts) vector.fill(1, start, end);
    }
    return Tensor.from(vector, [vector.length]);
  }
}
