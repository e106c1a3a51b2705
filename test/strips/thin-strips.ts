/** Runs a graph in the thinnest strips and as a whole, and compares. */
import { expect } from "vitest";
import type { Graph } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { compileStrips, StripExecutor, type StripProgram } from "../../src/strips/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** The rounding of Winograd's tiles, of sums in another order and of attention in parts; results are up to 20. */
const tolerance = { absolute: 2e-4 };

/** In strips of four rows, the least. @returns the program that was run */
export async function expectSameInThinStrips(runtime: Runtime, graph: Graph): Promise<StripProgram> {
  const x = Generator.philox(7).randn(graph.inputs[0]!.shape);
  const program = compileStrips(graph, { stripElements: 1, chooseTile: () => 4 });
  const executor = new StripExecutor(runtime, program);
  const found = await executor.run(x);
  await executor.dispose();
  expect(found).toBeAllclose(await asWhole(runtime, graph, x), tolerance);
  return program;
}

async function asWhole(runtime: Runtime, graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run({ [graph.inputs[0]!.name]: x });
  await session.dispose();
  return outputs[graph.outputs[0]!.name]!;
}
