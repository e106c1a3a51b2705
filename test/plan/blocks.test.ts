/** Every way to a session passes the decision on blocks: a graph that nobody labelled would run, and two to three times as long. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { chooseTile, defaultProfile } from "../../src/cost/index.ts";
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import { buildDecoder, parseConfig } from "../../src/models/index.ts";
import { convolutionGraph } from "../../src/plan/measure.ts";
import { rewrittenFor } from "../../src/plan/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { compileStrips, defaultStripElements } from "../../src/strips/index.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { GraphSessions } from "../../src/train/graph-sessions.ts";

const profile = defaultProfile("cpu", 2);
const convolutionsInBlocks = ({ nodes }: Graph): number =>
  nodes.filter(({ labels }) => labels?.inBlocks === true).length;

describe("the built-in model's decoder at 256x256", () => {
  const path = new URL("../../assets/default-vae/config.json", import.meta.url);
  const { config } = parseConfig(JSON.parse(readFileSync(path, "utf8")), "config.json");
  const size = { batch: 1, height: 32, width: 32 };
  const graph = buildDecoder(config, size, (name, shape) => storeInMemory(name, Tensor.zeros(shape)));

  test("is labelled in the whole", () => {
    expect(convolutionsInBlocks(graph)).toBe(0);
    expect(convolutionsInBlocks(rewrittenFor(graph, profile))).toBe(25);
  });

  test("is labelled in strips", () => {
    const options = { stripElements: defaultStripElements, chooseTile: chooseTile(profile) };
    const counts = compileStrips(graph, options).graphs.map(convolutionsInBlocks);
    expect(counts.reduce((sum, count) => sum + count)).toBe(13);
  });
});

test("what measures prices of direct convolutions measures them in blocks", () => {
  const shape = { batch: 1, inChannels: 32, outChannels: 32, height: 24, width: 24, taps: 9 };
  expect(convolutionsInBlocks(convolutionGraph(shape, "direct"))).toBe(1);
});

describe("a training step", () => {
  const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
  afterAll(() => runtime.dispose());

  test("is labelled before it becomes a session", async () => {
    const asked: Graph[] = [];
    const recording: Runtime = Object.assign(Object.create(runtime) as Runtime, {
      createSession: (graph: Graph) => {
        asked.push(graph);
        return runtime.createSession(graph);
      },
    });
    const sessions = new GraphSessions(
      recording,
      await runtime.createState({ w: Tensor.zeros([16, 16, 3, 3]) }),
    );
    const build = (): Graph => {
      const builder = new GraphBuilder("step");
      const inputs = [
        builder.input("x", "float32", [1, 16, 24, 24]),
        builder.input("w", "float32", [16, 16, 3, 3]),
      ];
      return builder.build({ y: builder.apply("Conv", inputs, { strides: [1, 1], pads: [1, 1, 1, 1] }) });
    };
    await sessions.run("step", build, { x: Tensor.zeros([1, 16, 24, 24]) });
    expect(asked.map(convolutionsInBlocks)).toEqual([1]);
    await sessions.dispose();
  });
});
