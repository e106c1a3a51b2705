import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { philoxRandomness } from "./randomness.ts";

test("a batch's noise follows from its number, in whatever order batches come", async () => {
  const randomness = philoxRandomness(7);
  const questions: [index: number, shape: number[]][] = [
    [4, [2, 3]],
    [5, [2, 3]],
    [6, [1, 3]],
    [6, [2, 3]],
    [4, [2, 3]],
  ];
  for (const [index, shape] of questions) {
    expect(randomness.noise(index, shape)).toEqual(philoxRandomness(7).noise(index, shape));
    await wait(1); // the next batch's may be drawn meanwhile
  }
});
