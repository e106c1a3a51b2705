/**
 * A codebook that follows the latents: each row is the moving average of the latents that were nearest to it.
 *
 * @see van den Oord et al. 2017, Neural Discrete Representation Learning, appendix A.1
 * @see Dhariwal et al. 2020, Jukebox: A Generative Model for Music, section 3.1 (random restarts)
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { nextOf } from "../../runtime/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { stateNames } from "../graphs/update.ts";
import { add, divide, multiply, scalar, subtract, sumOfAll } from "../losses/arithmetic.ts";
import { averageNames, type CodebookAverage } from "./codebook.ts";
import type { Quantized } from "./quantize.ts";

/** In front of the names of what the state holds for the codebook. */
export const codebookPrefix = "codebook.";

type Outputs = Record<string, Value>;

/** What a batch adds to the averages, and its latents. */
type BatchSums = Pick<Quantized, "counts" | "sums" | "latents">;

/** A batch that is not the step's last: its counts and sums wait for the last one. */
export function keepForLater(builder: GraphBuilder, average: CodebookAverage, batch: BatchSums): Outputs {
  const state = new AverageState(builder, average);
  return state.replacing({ ...state.pendingWith(batch) });
}

/**
 * With γ the decay, n how often each row was used in the step and s the sums of its latents:
 * N ← γN + (1 - γ)n, m ← γm + (1 - γ)s, and the row m / N, with N smoothed to (N + ε) / (ΣN + R ε) · ΣN.
 */
export function followLatents(
  builder: GraphBuilder,
  average: CodebookAverage,
  batch: BatchSums,
): { rows: Value; outputs: Outputs } {
  const { decay, epsilon, restartBelow } = average;
  const state = new AverageState(builder, average);
  const pending = state.pendingWith(batch);
  const moved = (before: Value, step: Value): Value =>
    add(builder, multiply(builder, before, decay), multiply(builder, step, 1 - decay));
  const movedCounts = moved(state.value("counts"), pending.pendingCounts ?? batch.counts);
  const movedSums = moved(state.value("sums"), pending.pendingSums ?? batch.sums);
  const { counts, sums } =
    restartBelow === null
      ? { counts: movedCounts, sums: movedSums }
      : restarted(builder, { counts: movedCounts, sums: movedSums }, batch.latents, restartBelow);
  const total = sumOfAll(builder, counts);
  const rowCount = sizeOf(counts.shape);
  const smoothed = multiply(
    builder,
    divide(builder, add(builder, counts, epsilon), add(builder, total, rowCount * epsilon)),
    total,
  );
  const column = builder.apply("Reshape", [smoothed], { shape: [rowCount, 1] });
  const none = Object.fromEntries(
    Object.entries(pending).map(([key, value]) => [key, multiply(builder, value, 0)]),
  );
  return { rows: divide(builder, sums, column), outputs: state.replacing({ counts, sums, ...none }) };
}

/**
 * Rows whose count has fallen below a number begin anew: at a latent of the batch, as if it had been used once. The places
 * are always the same, but pictures and crops are drawn, so nothing more is.
 */
function restarted(
  builder: GraphBuilder,
  { counts, sums }: { readonly counts: Value; readonly sums: Value },
  latents: Value,
  least: number,
): { counts: Value; sums: Value } {
  const [rowCount] = counts.shape as [number];
  const missing = subtract(builder, scalar(builder, least), counts);
  const isUnused = builder.apply("Sign", [builder.apply("Relu", [missing], {})], {}); // [R]
  const column = builder.apply("Reshape", [isUnused], { shape: [rowCount, 1] });
  const replaced = (value: Value, other: Value, where: Value): Value =>
    add(builder, value, multiply(builder, where, subtract(builder, other, value)));
  return {
    counts: replaced(counts, scalar(builder, 1), isUnused),
    sums: replaced(sums, spreadOver(builder, latents, rowCount), column),
  };
}

/** As many latents as rows, from places as far apart as there are: [P, E] → [R, E]. */
function spreadOver(builder: GraphBuilder, latents: Value, rowCount: number): Value {
  const [places] = latents.shape as [number];
  const step = Math.max(1, Math.floor(places / rowCount));
  const copies = Math.ceil(rowCount / places);
  const enough =
    copies === 1 ? latents : builder.apply("Concat", Array<Value>(copies).fill(latents), { axis: 0 });
  return builder.apply("Slice", [enough], {
    axes: [0],
    starts: [0],
    ends: [(rowCount - 1) * step + 1],
    steps: [step],
  });
}

type Key = keyof typeof averageNames;
type Pending = Partial<Record<"pendingCounts" | "pendingSums", Value>>;

/** The averages as the step finds them. */
class AverageState {
  readonly #builder: GraphBuilder;
  readonly #average: CodebookAverage;
  readonly #values: ReadonlyMap<string, Value>;

  constructor(builder: GraphBuilder, average: CodebookAverage) {
    const { layout } = average;
    this.#builder = builder;
    this.#average = average;
    const pieces = layout.inputs(builder, stateNames(codebookPrefix).statistics);
    this.#values = builder.scope("codebook", () => layout.splitValues(builder, pieces));
  }

  value(key: Key): Value {
    return this.#values.get(averageNames[key])!;
  }

  /** What the step's batches gave so far, this one included; nothing for a step of one batch. */
  pendingWith({ counts, sums }: BatchSums): Pending {
    if (!this.#values.has(averageNames.pendingSums)) return {};
    return {
      pendingCounts: add(this.#builder, this.value("pendingCounts"), counts),
      pendingSums: add(this.#builder, this.value("pendingSums"), sums),
    };
  }

  /** The state's next vector. */
  replacing(changed: Partial<Record<Key, Value>>): Outputs {
    const { layout } = this.#average;
    const keys = Object.fromEntries(Object.entries(averageNames).map(([key, name]) => [name, key as Key]));
    const values = layout.places.map(({ name }) => changed[keys[name]!] ?? this.#values.get(name)!);
    const names = layout.pieceNames(stateNames(codebookPrefix).statistics);
    const pieces = layout.joinValues(this.#builder, values);
    return Object.fromEntries(names.map((name, index) => [nextOf(name), pieces[index]!]));
  }
}
