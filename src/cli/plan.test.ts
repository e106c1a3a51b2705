import { expect, test } from "vitest";
import { withOutputs } from "../../test/cli/run-cli.ts";
import type { ModelFacts } from "../node/index.ts";
import type { Plan, PlanReport } from "../node/tune/index.ts";
import { showPlan } from "./plan.ts";

const facts = { layout: "planes", spatialFactor: 8 } as ModelFacts;

const plan: Plan = {
  layers: [
    {
      name: "decoder.conv_in",
      shape: [1, 8, 2, 4],
      algorithm: "direct 3x3",
      strips: 1,
      seconds: 0.0012,
      memoryBytes: 2000,
    },
    {
      name: "decoder.mid",
      shape: [1, 8, 2, 4],
      algorithm: "attention",
      strips: 3,
      seconds: 1.5,
      memoryBytes: 4e6,
    },
  ],
  seconds: 1.5012,
  peakBytes: 5e6,
  fileBytes: 0,
};

const report: PlanReport = {
  half: "decoder",
  width: 32,
  height: 16,
  provider: "cpu",
  threadCount: 2,
  prices: "default",
  whole: plan,
  exact: { ...plan, fileBytes: 7e9 },
  chosen: {
    half: "decoder",
    size: { batch: 1, height: 2, width: 4 },
    device: "cpu",
    tiling: "off",
    stripCount: 1,
    threadCount: 2,
    peakBytes: 5e6,
    fileBytes: 0,
    seconds: 0.25,
  },
};

const shown = async (changes: Partial<PlanReport> = {}, of = facts): Promise<string> =>
  (
    await withOutputs(() => {
      showPlan({ ...report, ...changes }, of);
    })
  ).stdout;

const layers = `layer            result        algorithm   strips      ms  memory
decoder.conv_in  [1, 8, 2, 4]  direct 3x3       1     1.2  2.0 kB
decoder.mid      [1, 8, 2, 4]  attention        3  1500.0  4.0 MB`;

test("a plan has both ways layer by layer with their totals, the one that is chosen, and whose prices they are", async () => {
  expect(await shown()).toBe(`Plan of the decoder, 32x16 pixels.

Whole:
${layers}
Whole: about 1.50 s and 5.0 MB of memory.

In strips (exact tiling):
${layers}
In strips (exact tiling): about 1.50 s and 5.0 MB of memory, 7.0 GB in a temporary file.

Chosen now: decoding 32x16 as a whole: about 250 ms, 5.0 MB of memory.

Estimates for cpu, 2 threads; prices: default; \`vaekit tune\` measures this machine's.
`);
});

test("a model that cannot be cut has one way", async () => {
  const text = await shown({ exact: null });
  expect(text).toContain("In strips: not possible for this model.\n\nChosen now");
  expect(text.match(/decoder\.mid/g)).toHaveLength(1);
});

test("a row has no sides", async () => {
  expect(await shown({}, { ...facts, layout: "rows" })).toMatch(/^Plan of the decoder, a row\.\n/);
});

test.each([
  ["measured", "measured on this machine"],
  ["guessed", "a rough guess, as for any graphics processor"],
] as const)("prices that were %s say so", async (prices, words) => {
  expect(await shown({ prices, threadCount: 1 })).toMatch(
    new RegExp(`\nEstimates for cpu, 1 thread; prices: ${words}\\.\n$`),
  );
});
