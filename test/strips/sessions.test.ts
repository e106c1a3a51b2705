/** Sessions own memory outside of JavaScript: a picture leaves those of its strips ready for the next one, and no other. */
import { afterAll, expect, test } from "vitest";
import type { Graph } from "../../src/graph/index.ts";
import { AutoencoderKL } from "../../src/node/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Session, SessionOptions } from "../../src/runtime/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { compileStrips, StripExecutor } from "../../src/strips/index.ts";
import { fixturePath } from "../conformance/fixtures.ts";

/** Knows which graphs have a session. */
class CountingRuntime extends NodeRuntime {
  readonly open = new Set<Graph>();

  override async createSession(graph: Graph, options?: SessionOptions): Promise<Session> {
    const session = await super.createSession(graph, options);
    const dispose = session.dispose.bind(session);
    this.open.add(graph);
    session.dispose = () => {
      this.open.delete(graph);
      return dispose();
    };
    return session;
  }
}

const runtime = new CountingRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

test("a run keeps the sessions of strips, and disposes those of weights", async () => {
  await using vae = await AutoencoderKL.fromPretrained(fixturePath("models/sd"), { device: "cpu" });
  const graph = vae.graph("decoder", { batch: 1, height: 13, width: 7 });
  const program = compileStrips(graph, { stripElements: 1, chooseTile: () => 4 });
  expect(program.weights.length).toBeGreaterThan(10);
  const executor = new StripExecutor(runtime, program);
  const x = Generator.philox(5).randn([1, vae.config.latentChannels, 13, 7]);
  for (let picture = 0; picture < 2; picture++) {
    await executor.run(x);
    expect(runtime.open).toEqual(new Set(program.graphs));
  }
  await executor.dispose();
  expect(runtime.open.size).toBe(0);
});
