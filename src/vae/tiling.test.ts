import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { joinBatch, splitBatch } from "./batch.ts";
import { crop } from "./crop.ts";
import { processTiled } from "./tiling.ts";

type Planes = Tensor<"float32">;

const counted = (shape: readonly number[]): Planes =>
  Tensor.from(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );

describe("crop", () => {
  test("copies a part of every plane, cut at the border", () => {
    const x = counted([2, 2, 3, 4]);
    const part = crop(x, 1, 2, 5, 5);
    expect(part.shape).toEqual([2, 2, 2, 2]);
    expect([...part.data]).toEqual([6, 7, 10, 11, 18, 19, 22, 23, 30, 31, 34, 35, 42, 43, 46, 47]);
    part.data[0] = -1;
    expect(x.data[6]).toBe(6);
    expect([...crop(x, 0, 1, 1, 2).data]).toEqual([1, 2, 13, 14, 25, 26, 37, 38]);
  });
});

describe("batches", () => {
  test("are cut into samples that share their memory, and joined again in order", () => {
    const x = counted([3, 2, 2]);
    const samples = splitBatch(x);
    expect(samples.map(({ shape }) => shape)).toEqual([
      [1, 2, 2],
      [1, 2, 2],
      [1, 2, 2],
    ]);
    expect(samples[1]!.data.buffer).toBe(x.data.buffer);
    expect(joinBatch(samples).equals(x)).toBe(true);
    expect(joinBatch([samples[2]!, samples[0]!]).data[0]).toBe(8);
    // Of one there is nothing to copy.
    expect(joinBatch([samples[1]!])).toBe(samples[1]);
  });

  test("of rows are cut likewise", () => {
    expect(splitBatch(counted([2, 3])).map(({ data }) => [...data])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });
});

describe("processTiled", () => {
  const sizes = { tile: 4, resultTile: 4, stride: 3, leastSide: 1, overlap: 0.25 };

  test("gives tiles in reading order, each with what is left at the border", async () => {
    const seen: number[][] = [];
    await processTiled(counted([1, 1, 5, 7]), sizes, (tile) => {
      seen.push([tile.data[0]!, ...tile.shape.slice(2)]);
      return Promise.resolve(tile);
    });
    expect(seen).toEqual([
      [0, 4, 4],
      [3, 4, 4],
      [6, 4, 1],
      [21, 2, 4],
      [24, 2, 4],
      [27, 2, 1],
    ]);
  });

  test("processes one tile after the other", async () => {
    let underWay = 0;
    await processTiled(counted([1, 1, 5, 7]), sizes, async (tile) => {
      expect(++underWay).toBe(1);
      await Promise.resolve();
      underWay--;
      return tile;
    });
  });

  test("puts tiles that agree where they overlap together as they were", async () => {
    // Every number of whole thirds and halves is exact in the cross-fade.
    for (const shape of [
      [1, 1, 5, 7],
      [2, 3, 9, 4],
      [1, 2, 4, 13],
    ]) {
      const x = counted(shape);
      const joined = await processTiled(x, sizes, (tile) => Promise.resolve(tile));
      expect(joined.equals(x)).toBe(true);
    }
  });

  test("cross-fades from one tile into the next, rows first", async () => {
    // Tiles of 4 whose results have 8, of which 4 fade: the k-th of them has k quarters of the new tile.
    const doubled = { tile: 4, resultTile: 8, stride: 2, leastSide: 1, overlap: 0.5 };
    let value = 0;
    const constant = (): Promise<Planes> => {
      value += 16;
      return Promise.resolve(Tensor.from(new Float32Array(64).fill(value), [1, 1, 8, 8]));
    };
    const { shape, data } = await processTiled(counted([1, 1, 2, 4]), doubled, constant);
    expect(shape).toEqual([1, 1, 4, 8]);
    expect([...data.subarray(0, 8)]).toEqual([16, 16, 16, 16, 16, 20, 24, 28]);

    value = 0;
    const four = await processTiled(counted([1, 1, 4, 4]), doubled, constant);
    expect(four.shape).toEqual([1, 1, 8, 8]);
    const at = (row: number, column: number): number => four.data[row * 8 + column]!;
    // Down the left: from 16 to 48. At the corner, both fades meet: 24 of above with 56 … of the left.
    expect([0, 4, 5, 6, 7].map((row) => at(row, 0))).toEqual([16, 16, 24, 32, 40]);
    // Right below: the tile of 64 fades from the one above, and then from the left one, which has faded already.
    const left = (row: number): number => 16 + (row - 4) * 8;
    const below = (row: number, column: number): number => {
      const above = 16 + (column - 4) * 4;
      return above + ((row - 4) / 4) * (64 - above);
    };
    const corner = (row: number, column: number): number =>
      left(row) + ((column - 4) / 4) * (below(row, column) - left(row));
    for (const [row, column] of [
      [4, 4],
      [5, 6],
      [7, 7],
      [6, 5],
    ] as const) {
      expect(at(row, column)).toBeCloseTo(corner(row, column), 4);
    }
  });

  test("fades no more than a short tile has", async () => {
    const wide = { tile: 4, resultTile: 4, stride: 2, leastSide: 1, overlap: 0.5 };
    let value = 0;
    const constants = (tile: Planes): Promise<Planes> => {
      value += 1;
      return Promise.resolve(Tensor.from(new Float32Array(tile.size).fill(value), tile.shape));
    };
    // The last of a side of 5 has one column: it is all of the tile before.
    const { data } = await processTiled(counted([1, 1, 1, 5]), wide, constants);
    expect([...data]).toEqual([1, 1, 1, 1.5, 2]);
  });
});
