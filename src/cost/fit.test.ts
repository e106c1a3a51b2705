import { describe, expect, test } from "vitest";
import { costParts, secondsOf, workOf, type AlgorithmCost } from "./cost-profile.ts";
import { fitCost } from "./fit.ts";
import { probeShapes } from "../plan/measure.ts";

const known: AlgorithmCost = { flop: 5, input: 600, output: 700, weight: 150, far: 2500 };
const exact = probeShapes.map((shape) => {
  const work = workOf(shape, 4);
  return { work, seconds: secondsOf(work, known) };
});

describe("prices", () => {
  test("follow from times that they explain", () => {
    const cost = fitCost(exact);
    for (const part of costParts) expect(cost[part]).toBeCloseTo(known[part], 3);
  });

  test("hardly change when one measurement was disturbed", () => {
    const disturbed = exact.map((one, index) => (index === 5 ? { ...one, seconds: 4 * one.seconds } : one));
    const cost = fitCost(disturbed);
    for (const { work, seconds } of exact) {
      const ratio = secondsOf(work, cost) / seconds;
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.1);
    }
  });

  test("are never negative", () => {
    // Larger convolutions that take less time than smaller ones.
    const absurd = exact.map(({ work }, index) => ({ work, seconds: 1 / (index + 1) }));
    const cost = fitCost(absurd);
    for (const part of costParts) expect(cost[part]).toBeGreaterThanOrEqual(0);
  });
});
