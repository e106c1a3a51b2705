import { describe, expect, test } from "vitest";
import { randomProgram } from "../../test/strips/random-program.ts";
import { sizeOf } from "../tensor/shape.ts";
import { allocate } from "./allocate.ts";
import { readsOf, writesOf, type StripProgram } from "./program.ts";
import type { Reload } from "./residence.ts";
import { spill } from "./spill.ts";

/**
 * What a program computes, as text: every tensor is the expression that made it, in an arena and a file that hold one
 * expression at each offset. A read from a place that something else took gives another expression.
 */
function trace(program: StripProgram): { fetched: string[]; stored: number; loaded: number } {
  const { offsets, placeOffsets } = allocate(program);
  const memory: (string | undefined)[] = [];
  const file: (string | undefined)[] = [];
  const write = (tensor: number, text: string): void => {
    const size = sizeOf(program.shapes[tensor]!);
    for (let element = 0; element < size; element++) memory[offsets[tensor]! + element] = text;
  };
  const read = (tensor: number): string => {
    const first = memory[offsets[tensor]!]!;
    const size = sizeOf(program.shapes[tensor]!);
    const isWhole = memory.slice(offsets[tensor], offsets[tensor]! + size).every((text) => text === first);
    return isWhole ? first : "torn";
  };
  const names = new Map<string, string>();
  const short = (text: string): string => {
    names.set(text, names.get(text) ?? `#${names.size}`);
    return names.get(text)!;
  };
  const result = { fetched: [] as string[], stored: 0, loaded: 0 };
  for (const operation of program.operations) {
    switch (operation.kind) {
      case "feed":
        write(operation.tensor, `rows ${operation.rows.begin}`);
        break;
      case "run": {
        const inputs = Object.entries(operation.inputs).map(
          ([name, input]) =>
            `${name}=${typeof input === "number" ? read(input) : input.strips.map(read).join("+")}`,
        );
        for (const [name, tensor] of Object.entries(operation.outputs)) {
          write(tensor, short(`${name}(${inputs.join()})`));
        }
        break;
      }
      case "fetch":
        result.fetched.push(read(operation.tensor));
        break;
      case "store":
        file[placeOffsets[operation.place]!] = read(operation.tensor);
        result.stored++;
        break;
      case "load":
        write(operation.tensor, file[placeOffsets[operation.place]!]!);
        result.loaded++;
        break;
      case "weights":
        throw new Error(`no ${operation.kind} in a random program`);
    }
  }
  return result;
}

const seeds = Array.from({ length: 20 }, (_, index) => index + 100);
const reloads: readonly Reload[] = ["segment", "run"];

describe("a program that spills", () => {
  test.each(seeds)("computes the same (seed %i)", (seed) => {
    const whole = randomProgram(seed);
    const expected = trace(whole).fetched;
    expect(expected.length).toBeGreaterThan(1);
    expect(expected).not.toContain("torn");
    for (const reload of reloads) {
      expect(trace(spill(whole, () => reload)).fetched).toEqual(expected);
      expect(trace(spill(whole, (map) => (map % 2 === 0 ? reload : undefined))).fetched).toEqual(expected);
    }
  });

  test("needs less memory, the less the sooner strips leave", () => {
    const total = (reload: Reload | undefined): number =>
      seeds.reduce((sum, seed) => sum + allocate(spill(randomProgram(seed), () => reload)).size, 0);
    expect(total("segment")).toBeLessThan(0.95 * total(undefined));
    expect(total("run")).toBeLessThan(0.95 * total("segment"));
  });

  test("is the program itself when no map is chosen", () => {
    const whole = randomProgram(1);
    expect(spill(whole, () => undefined)).toEqual(whole);
    expect(allocate(spill(whole, () => undefined)).fileSize).toBe(0);
  });

  test("takes the caller's picture again instead of writing it to the file", () => {
    for (const seed of seeds) {
      const program = spill(randomProgram(seed), (map) => (map === 0 ? "run" : undefined));
      expect(trace(program)).toMatchObject({ stored: 0, loaded: 0 });
    }
  });

  test("stores a strip at most once, right after it is made, and only what comes back", () => {
    for (const seed of seeds) {
      const { operations } = spill(randomProgram(seed), () => "segment");
      const loaded = new Set(operations.flatMap((op) => (op.kind === "load" ? [op.place] : [])));
      const stored = operations.flatMap((op) => (op.kind === "store" ? [op.place] : []));
      expect(new Set(stored).size).toBe(stored.length);
      expect(new Set(stored)).toEqual(loaded);
      operations.forEach((operation, index) => {
        if (operation.kind !== "store") return;
        expect(writesOf(operations[index - 1]!)).toContain(operation.tensor);
      });
    }
  });

  test("loads nothing before an operation that does not read it", () => {
    for (const seed of seeds) {
      const { operations } = spill(randomProgram(seed), () => "run");
      operations.forEach((operation, index) => {
        if (operation.kind !== "load") return;
        const reader = operations.slice(index).find(({ kind }) => kind !== "load" && kind !== "feed");
        expect(readsOf(reader!)).toContain(operation.tensor);
      });
    }
  });

  test("is not spilled again", () => {
    const once = spill(randomProgram(2), () => "segment");
    expect(() => spill(once, () => "segment")).toThrow(/spilled already/);
  });
});
