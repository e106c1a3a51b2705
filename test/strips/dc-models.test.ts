/** Models with linear attention, and with shortcuts around changes of resolution, in thin strips and at once: both halves, with every switch. */
import { afterAll, describe, expect, test } from "vitest";
import type { Graph } from "../../src/graph/index.ts";
import { openVae, type NodeVae } from "../../src/node/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { compileStrips, StripExecutor, type StripProgram } from "../../src/strips/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { fixturePath, manifest } from "../conformance/fixtures.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

/** The rounding of Winograd's tiles and of sums in another order; results are up to 20. */
const tolerance = { absolute: 2e-4 };

async function atOnce(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run({ [graph.inputs[0]!.name]: x });
  await session.dispose();
  return outputs[graph.outputs[0]!.name]!;
}

/** In strips of four rows, the least. */
async function expectSameInStrips(graph: Graph): Promise<StripProgram> {
  const x = Generator.philox(7).randn(graph.inputs[0]!.shape);
  const program = compileStrips(graph, { stripElements: 1, chooseTile: () => 4 });
  const executor = new StripExecutor(runtime, program);
  const found = await executor.run(x);
  await executor.dispose();
  expect(found).toBeAllclose(await atOnce(graph, x), tolerance);
  return program;
}

const models = [...manifest.dc_models, ...manifest.hunyuan_image].filter(({ tiled }) => !tiled);

describe.each(models)("$name", ({ folder }) => {
  let vae: NodeVae | undefined;
  afterAll(() => vae?.dispose());

  test.each([
    ["encoder", 60, 20],
    ["decoder", 15, 5],
  ] as const)("%s", async (half, height, width) => {
    vae ??= await openVae(fixturePath(folder), { device: "cpu" });
    const { segments, maps } = await expectSameInStrips(vae.graph(half, { batch: 1, height, width }));
    expect(segments.map(({ kind }) => kind)).toContain("attention");
    expect(Math.max(...maps.map((strips) => strips.length))).toBeGreaterThan(3);
  });
});
