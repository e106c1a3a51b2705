/** In which order strips are computed: by segments where statistics need whole maps, by demand where nothing does. */
import { describe, expect, test } from "vitest";
import { chooseTile, defaultProfile } from "../../src/cost/index.ts";
import { compileStrips, type StripProgram } from "../../src/strips/index.ts";
import { inDemandOrder, mostLive } from "../../src/strips/demand-order.ts";
import { readsOf, writesOf } from "../../src/strips/program.ts";
import { AutoencoderKL, AutoencoderTiny, type Graph } from "../../src/node/index.ts";
import { tinyConfig } from "../cli/run-cli.ts";

const compiled = (graph: Graph): StripProgram =>
  compileStrips(graph, { stripElements: 2 ** 12, chooseTile: chooseTile(defaultProfile("cpu", 1)) });

const stages = { encoderBlockOutChannels: [8, 8, 8, 8], decoderBlockOutChannels: [8, 8, 8, 8] };
const tiny = AutoencoderTiny.fromConfig(stages, { device: "cpu" });
const pooled = AutoencoderTiny.fromConfig({ ...stages, latentPool: true }, { device: "cpu" });
const kl = AutoencoderKL.fromConfig(tinyConfig, { device: "cpu" });

const size = { batch: 1, height: 128, width: 64 };
const pixels = { batch: 1, height: 8 * 128, width: 8 * 64 };
/** Of a map at the resolution of pixels. */
const wholeMap = 8 * pixels.height * pixels.width;

describe.each([
  ["without normalisation", tiny],
  ["that normalises latents alone", pooled],
])("a model %s", (_, vae) => {
  test.each([
    ["decoder", size],
    ["encoder", pixels],
  ] as const)("has no whole map of its %s in memory", (half, of) => {
    const { shapes, operations } = compiled(vae.graph(half, of));
    expect(mostLive(shapes, operations)).toBeLessThan(wholeMap / 2);
  });
});

test("a model that normalises everywhere is computed segment by segment", () => {
  const { operations } = compiled(kl.graph("decoder", size));
  const segments = operations.map(({ segment }) => segment);
  expect(segments).toEqual(segments.toSorted((a, b) => a - b));
});

test.each([
  ["a model without normalisation", tiny.graph("decoder", size)],
  ["one that normalises everywhere", kl.graph("decoder", size)],
])("by demand every operation of %s is there once, after what makes what it reads", (_, graph) => {
  const { operations } = compiled(graph);
  const ordered = inDemandOrder(operations);
  expect(new Set(ordered)).toEqual(new Set(operations));
  expect(ordered).toHaveLength(operations.length);
  const made = new Set<number>();
  for (const operation of ordered) {
    expect(readsOf(operation).every((tensor) => made.has(tensor))).toBe(true);
    for (const tensor of writesOf(operation)) made.add(tensor);
  }
});
