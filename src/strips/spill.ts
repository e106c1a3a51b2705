/** Program → program whose strips wait in the temporary file, not in memory, while nothing uses them. */
import { invariant } from "../errors.ts";
import type { Shape } from "../tensor/shape.ts";
import {
  readsOf,
  writesOf,
  type Operation,
  type Scheduled,
  type StripProgram,
  type TensorId,
} from "./program.ts";
import { Residence, type Interval, type Reload } from "./residence.ts";
import type { Rows } from "./rows.ts";

/** How the strips of a kept map come back, by its index in `program.maps`; undefined for a map that stays in memory. */
export type ChooseSpill = (map: number) => Reload | undefined;

/**
 * The same results, with less memory and more time. Strips of the program's input are taken from the caller's tensor
 * again instead of read back. Strips that are needed once only are left as they are.
 */
export function spill(program: StripProgram, choose: ChooseSpill): StripProgram {
  return new Spiller(program, choose).rewrite();
}

/** A strip that leaves memory. */
interface Leaver {
  readonly intervals: readonly Interval[];
  /** Where it comes from again: its place in the file, or rows of the caller's tensor. */
  readonly source: { readonly place: number } | { readonly rows: Rows };
  /** The tensor of the interval under way. */
  current: TensorId;
}

class Spiller {
  readonly #program: StripProgram;
  readonly #shapes: Shape[];
  readonly #leavers = new Map<TensorId, Leaver>();
  readonly #operations: Scheduled[] = [];
  #placeCount = 0;

  constructor(program: StripProgram, choose: ChooseSpill) {
    this.#program = program;
    this.#shapes = [...program.shapes];
    const residence = new Residence(program);
    program.maps.forEach((strips, map) => {
      const reload = choose(map);
      if (reload !== undefined)
        for (const tensor of strips) this.#addLeaver(tensor, residence.of(tensor, reload));
    });
  }

  #addLeaver(tensor: TensorId, intervals: readonly Interval[]): void {
    if (intervals.length < 2) return;
    const maker = this.#program.operations[intervals[0]!.first]!;
    const source = maker.kind === "feed" ? { rows: maker.rows } : { place: this.#placeCount++ };
    this.#leavers.set(tensor, { intervals, source, current: tensor });
  }

  rewrite(): StripProgram {
    this.#program.operations.forEach((operation, index) => {
      invariant(
        operation.kind !== "store" && operation.kind !== "load",
        "spill: the program is spilled already",
      );
      for (const tensor of new Set(readsOf(operation))) this.#bringBack(tensor, index);
      this.#operations.push({ ...this.#renamed(operation), segment: operation.segment });
      for (const tensor of writesOf(operation)) this.#store(tensor, operation.segment);
    });
    return { ...this.#program, shapes: this.#shapes, operations: this.#operations };
  }

  /** Loads a strip before the first operation of an interval. */
  #bringBack(tensor: TensorId, index: number): void {
    const leaver = this.#leavers.get(tensor);
    if (leaver?.intervals.some(({ first }) => first === index) !== true) return;
    leaver.current = this.#shapes.push(this.#shapes[tensor]!) - 1;
    const { segment } = this.#program.operations[index]!;
    const { source, current } = leaver;
    if ("rows" in source)
      this.#operations.push({ kind: "feed", tensor: current, rows: source.rows, segment });
    else this.#operations.push({ kind: "load", tensor: current, place: source.place, segment });
  }

  #store(tensor: TensorId, segment: number): void {
    const leaver = this.#leavers.get(tensor);
    if (leaver === undefined || "rows" in leaver.source) return;
    this.#operations.push({ kind: "store", tensor, place: leaver.source.place, segment });
  }

  /** The operation with the tensors that are in memory now. */
  #renamed(operation: Operation): Operation {
    const current = (tensor: TensorId): TensorId => this.#leavers.get(tensor)?.current ?? tensor;
    if (operation.kind === "fetch") return { ...operation, tensor: current(operation.tensor) };
    if (operation.kind !== "run") return operation;
    const inputs = Object.fromEntries(
      Object.entries(operation.inputs).map(([name, input]) => [
        name,
        typeof input === "number" ? current(input) : { ...input, strips: input.strips.map(current) },
      ]),
    );
    return { ...operation, inputs };
  }
}
