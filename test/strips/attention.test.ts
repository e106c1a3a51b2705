/** Attention over strips of keys is attention over all keys, also where exponentials of the scores would overflow. */
import { afterAll, expect, test } from "vitest";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { largeScoresInStrips } from "./attention-of-large-scores.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

test("keys in three strips, scores of several hundred", async () => {
  const { result, expected, largestScore } = await largeScoresInStrips(runtime);
  expect(largestScore).toBeGreaterThan(200); // e^89 is the end of float32
  // Scores of 300 are rounded to 3e-5, and so are the logarithms of probabilities.
  expect(result).toBeAllclose(expected, { absolute: 2e-4 });
});
