import { describe, expect, test } from "vitest";
import { randomProgram } from "../../test/strips/random-program.ts";
import { sizeOf } from "../tensor/shape.ts";
import { allocate } from "./allocate.ts";
import { readsOf, writesOf, type StripProgram } from "./program.ts";
import { spill } from "./spill.ts";

interface Occupant {
  readonly first: number;
  readonly last: number;
  readonly begin: number;
  readonly end: number;
}

/** When each tensor is needed and where it lies, found anew. */
function occupants({ shapes, operations }: StripProgram, offsets: readonly number[]): Occupant[] {
  return shapes.map((shape, tensor) => {
    const uses = operations.flatMap((operation, index) =>
      [...readsOf(operation), ...writesOf(operation)].includes(tensor) ? [index] : [],
    );
    const begin = offsets[tensor]!;
    return { first: uses[0]!, last: uses.at(-1)!, begin, end: begin + sizeOf(shape) };
  });
}

/** The same of the places in the file. */
function placeOccupants({ shapes, operations }: StripProgram, offsets: readonly number[]): Occupant[] {
  return offsets.map((begin, place) => {
    const uses = operations.flatMap((operation, index) =>
      "place" in operation && operation.place === place ? [{ index, tensor: operation.tensor }] : [],
    );
    const size = sizeOf(shapes[uses[0]!.tensor]!);
    return { first: uses[0]!.index, last: uses.at(-1)!.index, begin, end: begin + size };
  });
}

const overlaps = (all: readonly Occupant[]): number =>
  all.reduce(
    (count, a, index) =>
      count +
      all
        .slice(index + 1)
        .filter((b) => a.first <= b.last && b.first <= a.last && a.begin < b.end && b.begin < a.end).length,
    0,
  );

/** The least memory that any plan needs. */
const mostLive = (all: readonly Occupant[], operations: number): number =>
  Math.max(
    ...Array.from({ length: operations }, (_, index) =>
      all
        .filter(({ first, last }) => first <= index && index <= last)
        .reduce((sum, { begin, end }) => sum + end - begin, 0),
    ),
  );

const seeds = Array.from({ length: 25 }, (_, index) => index);

describe("a plan of memory", () => {
  test.each(seeds)("has no two living tensors in one place (seed %i)", (seed) => {
    const whole = randomProgram(seed);
    for (const program of [whole, spill(whole, () => "segment"), spill(whole, () => "run")]) {
      const { offsets, size, placeOffsets, fileSize } = allocate(program);
      const tensors = occupants(program, offsets);
      expect(tensors.length).toBe(program.shapes.length);
      expect(overlaps(tensors)).toBe(0);
      expect(Math.max(...tensors.map(({ end }) => end))).toBeLessThanOrEqual(size);
      const places = placeOccupants(program, placeOffsets);
      expect(overlaps(places)).toBe(0);
      expect(Math.max(0, ...places.map(({ end }) => end))).toBeLessThanOrEqual(fileSize);
    }
  });

  test("begins every tensor at a line of the cache", () => {
    for (const offset of allocate(randomProgram(3)).offsets) expect(offset % 16).toBe(0);
  });

  test("is not much larger than what lives at once", () => {
    const ratios = seeds.map((seed) => {
      const program = randomProgram(seed);
      const { offsets, size } = allocate(program);
      return size / mostLive(occupants(program, offsets), program.operations.length);
    });
    expect(Math.max(...ratios)).toBeLessThan(1.4);
  });

  test("is empty for a program that does nothing", () => {
    const empty = { ...randomProgram(1), shapes: [], maps: [], operations: [] };
    expect(allocate(empty)).toEqual({ offsets: [], size: 0, placeOffsets: [], fileSize: 0 });
  });
});
