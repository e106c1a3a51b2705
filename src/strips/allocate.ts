/** Decides where in memory, and in the file, a program's tensors lie: known before anything runs. */
import { sizeOf } from "../tensor/shape.ts";
import { readsOf, writesOf, type StripProgram } from "./program.ts";
import { Residence } from "./residence.ts";

/** 64 bytes, a line of the cache and the width of the widest vectors. */
const alignment = 16;

/** Offsets in elements of float32. */
export interface Allocation {
  /** By tensor id. */
  readonly offsets: readonly number[];
  /** Elements of memory that the program needs at once. */
  readonly size: number;
  /** By place in the file. */
  readonly placeOffsets: readonly number[];
  /** Elements of the file. */
  readonly fileSize: number;
}

export function allocate(program: StripProgram): Allocation {
  const { shapes, operations } = program;
  const residence = new Residence(program);
  const sizes = shapes.map((shape) => sizeOf(shape));
  const uses = operations.map((operation) => [...readsOf(operation), ...writesOf(operation)]);
  const lastUse = shapes.map((_, tensor) => residence.of(tensor, undefined).at(-1)?.last);
  const lastLoad: number[] = [];
  operations.forEach((operation, index) => {
    if (operation.kind === "load") lastLoad[operation.place] = index;
  });
  const memory = new FreeList();
  const file = new FreeList();
  const offsets: number[] = [];
  const placeOffsets: number[] = [];
  const placeSizes: number[] = [];
  operations.forEach((operation, index) => {
    for (const tensor of writesOf(operation)) offsets[tensor] = memory.take(sizes[tensor]!);
    if (operation.kind === "store") {
      placeSizes[operation.place] = sizes[operation.tensor]!;
      placeOffsets[operation.place] = file.take(sizes[operation.tensor]!);
    }
    for (const tensor of uses[index]!) {
      if (lastUse[tensor] !== index) continue;
      memory.give(offsets[tensor]!, sizes[tensor]!);
      lastUse[tensor] = undefined; // an operation may name a tensor twice
    }
    if (operation.kind === "load" && lastLoad[operation.place] === index) {
      file.give(placeOffsets[operation.place]!, placeSizes[operation.place]!);
    }
  });
  return { offsets, size: memory.end, placeOffsets, fileSize: file.end };
}

/** Ranges of a line: the first that is large enough is taken. */
class FreeList {
  /** Where the line ends so far. */
  end = 0;
  /** Free ranges in order, no two of them adjacent. */
  #free: { offset: number; size: number }[] = [];

  take(length: number): number {
    const size = aligned(length);
    const index = this.#free.findIndex((range) => range.size >= size);
    const range = this.#free[index];
    if (range === undefined) return this.#grow(size);
    if (range.size === size) this.#free.splice(index, 1);
    else this.#free[index] = { offset: range.offset + size, size: range.size - size };
    return range.offset;
  }

  give(offset: number, length: number): void {
    let range = { offset, size: aligned(length) };
    const at = this.#indexAfter(offset);
    const [before, next] = [this.#free[at - 1], this.#free[at]];
    let [start, count] = [at, 0];
    if (before !== undefined && before.offset + before.size === range.offset) {
      range = { offset: before.offset, size: before.size + range.size };
      [start, count] = [at - 1, 1];
    }
    if (next !== undefined && range.offset + range.size === next.offset) {
      range = { offset: range.offset, size: range.size + next.size };
      count += 1;
    }
    this.#free.splice(start, count, range);
  }

  /** Where in the list the first free range lies that begins after an offset. */
  #indexAfter(offset: number): number {
    let [begin, end] = [0, this.#free.length];
    while (begin < end) {
      const middle = (begin + end) >> 1;
      if (this.#free[middle]!.offset > offset) end = middle;
      else begin = middle + 1;
    }
    return begin;
  }

  /** Adds to the end, from a free range there if there is one. */
  #grow(size: number): number {
    const last = this.#free.at(-1);
    const isLast = last !== undefined && last.offset + last.size === this.end;
    if (isLast) this.#free.pop();
    const offset = isLast ? last.offset : this.end;
    this.end = offset + size;
    return offset;
  }
}

const aligned = (length: number): number => Math.ceil(length / alignment) * alignment;
