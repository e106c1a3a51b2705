/** How much of a codebook is used. */
import { expect, test } from "vitest";
import { CodebookUsage } from "./codebook-usage.ts";

test("rows that are used alike count as many as they are, over all that was added", () => {
  const usage = new CodebookUsage();
  usage.add(Float32Array.of(3, 0, 0, 0));
  expect(usage.result()).toEqual({ perplexity: 1, codebook_usage: 0.25 });
  usage.add(Float32Array.of(0, 3, 0, 0));
  expect(usage.result().perplexity).toBeCloseTo(2, 12);
  expect(usage.result().codebook_usage).toBe(0.5);
});

test("rows that are used less count less", () => {
  const usage = new CodebookUsage();
  usage.add(Float32Array.of(3, 1));
  // The entropy of three quarters and one quarter.
  expect(usage.result().perplexity).toBeCloseTo(4 / 3 ** 0.75, 12);
});
