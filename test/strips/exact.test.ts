/** A picture in strips is the picture at once: every model of the fixtures, both halves, sizes that do not divide evenly. */
import { afterAll, describe, expect, test } from "vitest";
import { AutoencoderKL } from "../../src/node/index.ts";
import type { Graph } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { compileStrips, StripExecutor, type CompileOptions } from "../../src/strips/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { fixturePath, manifest } from "../conformance/fixtures.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

/** The rounding of Winograd's tiles, of sums in another order and of attention in parts. */
const tolerance = { absolute: 2e-4 };

async function atOnce(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run({ [graph.inputs[0]!.name]: x });
  await session.dispose();
  return outputs[graph.outputs[0]!.name]!;
}

async function inStrips(graph: Graph, x: Tensor<"float32">, options: CompileOptions): Promise<Tensor> {
  const executor = new StripExecutor(runtime, compileStrips(graph, options));
  try {
    return await executor.run(x);
  } finally {
    await executor.dispose();
  }
}

/** Strips of four rows, the least. */
const thin: CompileOptions = { stripElements: 1, chooseTile: () => 4 };

describe.each(manifest.models)("$name ($covers)", ({ folder }) => {
  const load = () => AutoencoderKL.fromPretrained(fixturePath(folder), { device: "cpu" });

  test.each([
    [13, 7],
    [6, 9],
    [1, 1],
  ])("decodes %i x %i latents as at once", async (height, width) => {
    await using vae = await load();
    const graph = vae.graph("decoder", { batch: 1, height, width });
    const x = Generator.philox(5).randn([1, vae.config.latentChannels, height, width]);
    expect(await inStrips(graph, x, thin)).toBeAllclose(await atOnce(graph, x), tolerance);
  });

  test.each([
    [75, 58],
    [37, 44],
  ])("encodes %i x %i pixels as at once", async (height, width) => {
    await using vae = await load();
    const graph = vae.graph("encoder", { batch: 1, height, width });
    const x = Generator.philox(6).randn([1, vae.config.inChannels, height, width]);
    expect(await inStrips(graph, x, thin)).toBeAllclose(await atOnce(graph, x), tolerance);
  });

  test("does not depend on the strips' height", async () => {
    await using vae = await load();
    const graph = vae.graph("decoder", { batch: 1, height: 11, width: 8 });
    const x = Generator.philox(7).randn([1, vae.config.latentChannels, 11, 8]);
    const whole = await atOnce(graph, x);
    for (const stripElements of [2 ** 10, 2 ** 13, 2 ** 30]) {
      const result = await inStrips(graph, x, { stripElements, chooseTile: () => undefined });
      expect(result).toBeAllclose(whole, tolerance);
    }
  });
});
