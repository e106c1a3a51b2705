/** The planner on whole models: its plan has every layer once, and its measurement gives usable prices. */
import { afterAll, describe, expect, test } from "vitest";
import { AutoencoderKL, Generator } from "../../src/node/index.ts";
import { chooseTile, defaultProfile, type ConvolutionShape } from "../../src/cost/index.ts";
import { describePlan, measureProfile } from "../../src/plan/index.ts";
import { foldedUpsampling, rewrite, winograd } from "../../src/rewrite/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { compileStrips } from "../../src/strips/index.ts";

const profile = defaultProfile("cpu", 2);
const choose = chooseTile(profile);

describe("the plan of a decoder", async () => {
  await using vae = AutoencoderKL.fromConfig(
    {
      blockOutChannels: [32, 128],
      downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
      upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
      layersPerBlock: 1,
      normNumGroups: 8,
    },
    { generator: Generator.philox(0), device: "cpu" },
  );
  const graph = vae.graph("decoder", { batch: 1, height: 64, width: 64 });
  const atOnce = describePlan(rewrite(rewrite(graph, foldedUpsampling), winograd(choose)), profile);
  const inStrips = describePlan(
    compileStrips(graph, { stripElements: 2 ** 15, chooseTile: choose }),
    profile,
  );
  const namesOf = (plan: typeof atOnce): string[] => plan.layers.map(({ name }) => name);

  test("names the layers by their weights", () => {
    const weights = vae
      .parameterTable()
      .map(({ name }) => name)
      .filter((name) => /^decoder.*conv[^.]*\.weight$/.test(name));
    const known = namesOf(atOnce);
    for (const weight of weights) expect(known).toContain(weight.replace(".weight", ""));
    expect(known).toContain("decoder.mid_block.attentions.0");
    expect(new Set(known).size).toBe(known.length);
  });

  test("names the segments of strips likewise", () => {
    const known = namesOf(inStrips);
    expect(known).toContain("decoder.up_blocks.1.resnets.1.conv2");
    expect(known).toContain("decoder.mid_block.attentions.0");
    expect(known).toContain("decoder.up_blocks.1.resnets.0.conv1 + conv_shortcut");
    // Also where the biases of layers before are added.
    expect(known).toContain("decoder.up_blocks.0.resnets.1.conv2");
  });

  test("says which algorithm computes a layer", () => {
    const algorithms = new Map(atOnce.layers.map(({ name, algorithm }) => [name, algorithm]));
    expect(algorithms.get("decoder.mid_block.resnets.0.conv1")).toBe("Winograd 4x4");
    expect(algorithms.get("decoder.mid_block.resnets.0.norm1")).toBe("normalisation");
    expect(algorithms.get("decoder.up_blocks.0.upsamplers.0.conv")).toBe("folded upsampling");
    expect(algorithms.get("decoder.conv_out")).toBe("direct 3x3");
    expect(algorithms.get("decoder.mid_block.attentions.0")).toBe("attention");
    const ofStrips = new Map(inStrips.layers.map(({ name, algorithm }) => [name, algorithm]));
    // A strip has fewer pixels than the picture, which may take other tiles.
    expect(ofStrips.get("decoder.mid_block.resnets.0.conv1")).toBe("Winograd 2x2");
    expect(ofStrips.get("decoder.mid_block.attentions.0")).toBe("attention");
    expect(ofStrips.get("decoder.up_blocks.0.upsamplers.0.conv")).toBe("upsampling by differences");
    expect(ofStrips.get("decoder.up_blocks.1.resnets.0.conv1 + conv_shortcut")).toBe("direct 3x3 + product");
  });

  test("gives each layer's whole result, in however many strips", () => {
    const last = inStrips.layers.at(-1)!;
    expect(last.shape).toEqual([1, 3, 128, 128]);
    expect(last.strips).toBeGreaterThan(4);
    expect(atOnce.layers.at(-1)!.shape).toEqual([1, 3, 128, 128]);
  });

  test("adds up to its total", () => {
    for (const plan of [atOnce, inStrips]) {
      const sum = plan.layers.reduce((total, { seconds }) => total + seconds, 0);
      expect(plan.seconds).toBeCloseTo(sum, 12);
      expect(plan.layers.every(({ seconds }) => seconds > 0)).toBe(true);
    }
  });

  test("holds less in memory in strips than as a whole", () => {
    const mostOf = (plan: typeof atOnce): number =>
      Math.max(...plan.layers.map(({ memoryBytes }) => memoryBytes));
    expect(mostOf(inStrips)).toBeLessThan(mostOf(atOnce));
  });
});

describe("a measurement", () => {
  const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
  afterAll(() => runtime.dispose());
  const probe = (inChannels: number, outChannels: number): ConvolutionShape => ({
    ...{ batch: 1, inChannels, outChannels, height: 12, width: 48, taps: 9 },
  });
  const shapes = [probe(8, 8), probe(8, 32), probe(32, 8), probe(32, 32)];

  test("gives prices for every algorithm, and says how far it is", async () => {
    const steps: [number, number][] = [];
    const { profile: measured, measurements } = await measureProfile(runtime, {
      threadCount: 1,
      shapes,
      rounds: 2,
      onProgress: (done, total) => steps.push([done, total]),
    });
    expect(measured).toMatchObject({ provider: "cpu", threadCount: 1 });
    expect(Object.keys(measured.tiles)).toEqual(["2", "4"]);
    expect(measurements).toHaveLength(3 * shapes.length);
    expect(measurements.every(({ seconds, predictedSeconds }) => seconds > 0 && predictedSeconds > 0)).toBe(
      true,
    );
    expect(steps.at(-1)).toEqual([steps.length, steps.length]);
  });

  test("stops when it is told to", async () => {
    const options = { threadCount: 1, shapes, signal: AbortSignal.abort() };
    await expect(measureProfile(runtime, options)).rejects.toMatchObject({ code: "ABORTED" });
  });
});
