/** Attention over strips of keys is attention over all keys, also where exponentials of the scores would overflow. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Runtime } from "../../src/runtime/index.ts";
import { createRuntime, runtimeNames } from "../runtime/runtimes.ts";
import { largeScoresInStrips } from "./attention-of-large-scores.ts";

describe.each(runtimeNames)("%s", (name) => {
  let runtime: Runtime;
  beforeAll(() => {
    runtime = createRuntime[name]();
  });
  afterAll(() => runtime.dispose());

  test("keys in three strips, scores of several hundred", async () => {
    const { result, expected, largestScore } = await largeScoresInStrips(runtime);
    expect(largestScore).toBeGreaterThan(200); // e^89 is the end of float32
    // Scores of 300 are rounded to 3e-5, and so are the logarithms of probabilities.
    expect(result).toBeAllclose(expected, { absolute: 2e-4 });
  });
});
