/** Models of videos, whose normalisations are each pixel's own, in thin strips and at once: both halves, odd sizes. */
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

/** The rounding of Winograd's tiles, of sums in another order and of attention in parts. */
const tolerance = { absolute: 2e-4 };

async function atOnce(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run({ [graph.inputs[0]!.name]: x });
  await session.dispose();
  return outputs[graph.outputs[0]!.name]!;
}

async function expectSameInStrips(graph: Graph): Promise<StripProgram> {
  const x = Generator.philox(7).randn(graph.inputs[0]!.shape);
  // Strips of four rows, the least.
  const program = compileStrips(graph, { stripElements: 1, chooseTile: () => 4 });
  const executor = new StripExecutor(runtime, program);
  const found = await executor.run(x);
  await executor.dispose();
  expect(found).toBeAllclose(await atOnce(graph, x), tolerance);
  return program;
}

const models = [...new Map(manifest.video_models.map((model) => [model.folder, model])).values()];

describe.each(models)("$folder ($covers)", ({ folder }) => {
  let vae: NodeVae;
  afterAll(() => vae.dispose());

  test("decodes 9 x 5 latents as at once", async () => {
    vae = await openVae(fixturePath(folder), { device: "cpu" });
    await expectSameInStrips(vae.graph("decoder", { batch: 1, height: 9, width: 5 }));
  });

  test("encodes what becomes 9 x 5 latents as at once, without statistics", async () => {
    const { spatialFactor, sizes } = vae.facts;
    // Where a side is cut, of odd maps.
    const rest = sizes === "down" ? spatialFactor - 1 : 0;
    const graph = vae.graph("encoder", {
      batch: 1,
      height: 9 * spatialFactor + rest,
      width: 5 * spatialFactor + rest,
    });
    const { operations } = await expectSameInStrips(graph);
    const runs = operations.flatMap((operation) => (operation.kind === "run" ? operation.of : []));
    expect(new Set(runs)).toEqual(new Set(["strip"]));
  });
});
