/** Sessions that work in workspaces take their temporaries from one arena: otherwise every one holds memory of its own. */
import { existsSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { registerSharedArena } from "../../src/ort/node/shared-arena.js";
import { switchedOffHere } from "../../src/ort/node/switches.ts";
import type { Session } from "../../src/runtime/index.ts";

const hasBinary = existsSync(new URL("../../node_modules/koffi/", import.meta.url));
const isSkipped = process.platform !== "linux" || !hasBinary;
const title = isSkipped ? "the arena (skipped: not Linux, or koffi is not installed)" : "the arena";

const rowLength = 1024;
const temporaryBytes = 32 * 2 ** 20;
const temporaryRows = temporaryBytes / (4 * rowLength);

/** [rows, 1] → [rows, 1], by way of [rows, 1024]. */
function wideGraph(rows: number): Graph {
  const builder = new GraphBuilder("wide");
  const x = builder.input("x", "float32", [rows, 1]);
  const wide = builder.apply("Expand", [x], { shape: [rows, rowLength] });
  const y = builder.apply("ReduceMean", [wide], { axes: [1], keepdims: true });
  return builder.build({ y });
}

describe.skipIf(isSkipped)(title, () => {
  const runtime = new NodeRuntime({ device: "cpu" });
  afterAll(() => runtime.dispose());

  test("is one for all sessions", async () => {
    const size = 2 ** 15;
    const workspace = await runtime.createWorkspace({ size });
    const sessions: Session[] = [];
    const run = async (rows: number): Promise<void> => {
      const graph = wideGraph(rows);
      const session = await runtime.createSession(graph, { inWorkspace: true });
      sessions.push(session);
      const { shape } = graph.inputs[0]!;
      const data = Float32Array.from({ length: rows }, (_, row) => row);
      const read = await workspace.execute([
        { kind: "write", region: { offset: 0, shape }, data },
        {
          kind: "run",
          session,
          inputs: { x: { offset: 0, shape } },
          outputs: { y: { offset: size / 2, shape } },
        },
        { kind: "read", region: { offset: size / 2, shape }, name: "y" },
      ]);
      expect(read["y"]!.data as Float32Array).toBeAllclose(
        Array.from({ length: rows }, (_, row) => row),
        { relative: 1e-6 },
      );
    };
    await run(1);
    const atFirst = process.memoryUsage().rss;
    await run(temporaryRows);
    const afterOne = process.memoryUsage().rss;
    // Without an arena, so large a block goes back to the system.
    const isOff = switchedOffHere(undefined).has("shared-arena");
    expect(afterOne - atFirst > 0.8 * temporaryBytes).toBe(!isOff);
    for (let more = 1; more < 8; more++) await run(temporaryRows + more);
    // Arenas of their own would hold seven more times 32 MiB.
    expect(process.memoryUsage().rss - afterOne).toBeLessThan(2 * temporaryBytes);
  });

  test("may be registered by every thread of a process", () => {
    registerSharedArena();
    expect(registerSharedArena).not.toThrow();
  });
});
