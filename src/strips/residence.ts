/** When the strips of a program have to be in memory, if they may leave it between their uses. */
import { sizeOf } from "../tensor/shape.ts";
import { readsOf, writesOf, type StripProgram, type TensorId } from "./program.ts";

/**
 * Until when a strip that has left comes back: "segment", for all uses by one segment, or "run", for uses by runs that
 * follow one another. They differ where a segment reads a strip again and again, as attention does its keys.
 */
export type Reload = "segment" | "run";

/** Operations first … last, by index. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

export class Residence {
  /** The operations that make or read a tensor, in order, by id. */
  readonly #uses: readonly (readonly number[])[];
  /** The segment of each operation, and how many runs there were up to it. */
  readonly #segments: readonly number[];
  readonly #runs: readonly number[];

  constructor({ shapes, operations }: StripProgram) {
    const uses: number[][] = shapes.map(() => []);
    let runs = 0;
    operations.forEach((operation, index) => {
      for (const tensor of new Set([...readsOf(operation), ...writesOf(operation)]))
        uses[tensor]!.push(index);
    });
    this.#uses = uses;
    this.#segments = operations.map(({ segment }) => segment);
    this.#runs = operations.map(({ kind }) => (kind === "run" ? ++runs : runs));
  }

  /**
   * Intervals in order, the first from the operation that makes the tensor. One when it need not leave; with no
   * `reload`, it stays.
   */
  of(tensor: TensorId, reload: Reload | undefined): readonly Interval[] {
    const uses = this.#uses[tensor]!;
    const intervals: Interval[] = [];
    let first = uses[0];
    uses.forEach((use, index) => {
      const next = uses[index + 1];
      if (next !== undefined && !this.#leaves(use, next, reload)) return;
      intervals.push({ first: first!, last: use });
      first = next;
    });
    return intervals;
  }

  #leaves(use: number, next: number, reload: Reload | undefined): boolean {
    if (reload === undefined) return false;
    if (this.#segments[use] !== this.#segments[next]) return true;
    return reload === "run" && this.#runs[next]! - this.#runs[use]! > 1;
  }
}

/** Elements of a program's tensors that are in memory during each operation, where nothing leaves it. */
export function liveElements(program: StripProgram, residence = new Residence(program)): Float64Array {
  const live = new Float64Array(program.operations.length);
  program.shapes.forEach((shape, tensor) => {
    for (const { first, last } of residence.of(tensor, undefined)) {
      for (let index = first; index <= last; index++) live[index]! += sizeOf(shape);
    }
  });
  return live;
}
