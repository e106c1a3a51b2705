/** The nearest rows inside a graph beside those that a model finds on the host. */
import { afterAll, expect, test } from "vitest";
import { quantize } from "../../src/latents/vector-quantizer.ts";
import { Generator, NodeRuntime, Tensor } from "../../src/node/index.ts";
import { quantizeLatents, usageTerms } from "../../src/train/codebook/quantize.ts";
import { runGraph } from "./run-graph.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const z = Generator.torch(1).randn([2, 3, 4, 5]);
const codebook = Generator.torch(2).randn([7, 3]);

/** @param largest elements of a matrix of places and rows. */
const inGraph = (largest?: number, rows = codebook): Promise<Record<string, Tensor>> =>
  runGraph(runtime, { z, codebook: rows }, (builder, values) => {
    const quantized = quantizeLatents(builder, values["z"]!, values["codebook"]!, largest);
    return { ...quantized, ...usageTerms(builder, quantized.counts, 40) };
  });

test("rows, uses, sums and residuals are those of the host's indices", async () => {
  const { quantized, indices } = quantize(z, codebook);
  const found = await inGraph();
  expect(found["rows"]).toBeAllclose(quantized, { absolute: 1e-6 });
  const uses = new Array<number>(7).fill(0);
  const sums = new Float64Array(21);
  indices.data.forEach((index, place) => {
    uses[Number(index)]! += 1;
    const first = Math.floor(place / 20) * 60 + (place % 20);
    for (let i = 0; i < 3; i++) sums[Number(index) * 3 + i]! += z.data[first + 20 * i]!;
  });
  expect([...(found["counts"]!.data as Float32Array)]).toEqual(uses);
  expect([...found["sums"]!.toFloat32().data]).toBeAllclose([...sums], { absolute: 1e-5 });
  const residuals = sums.map((sum, i) => uses[Math.floor(i / 3)]! * codebook.data[i]! - sum);
  expect([...found["residuals"]!.toFloat32().data]).toBeAllclose([...residuals], { absolute: 1e-5 });
  const shares = uses.filter((count) => count > 0).map((count) => count / 40);
  const perplexity = Math.exp(-shares.reduce((sum, share) => sum + share * Math.log(share), 0));
  expect(found["perplexity"]).toBeAllclose(Tensor.from(Float32Array.of(perplexity), []), { absolute: 1e-5 });
  expect(found["codebook_usage"]!.data[0]).toBeCloseTo(shares.length / 7, 6);
});

test("places that are quantised part by part give the same", async () => {
  const whole = await inGraph();
  // Four places at a time, ten times; and three at a time, of which the last part has one.
  for (const largest of [28, 21]) {
    const parts = await inGraph(largest);
    for (const [name, expected] of Object.entries(whole)) {
      expect(parts[name], name).toBeAllclose(expected, { absolute: 1e-5 });
    }
  }
});

test("of equal rows the first is used", async () => {
  const same = Tensor.from(new Float32Array(21).fill(0.5), [7, 3]);
  expect([...((await inGraph(undefined, same))["counts"]!.data as Float32Array)]).toEqual([
    40, 0, 0, 0, 0, 0, 0,
  ]);
});
