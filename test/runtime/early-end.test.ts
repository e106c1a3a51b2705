/** A program may end, or dispose its runtime, while the runtime's thread loads, prepares or runs something. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { NativeGate } from "../../src/runtime/node/native-gate.js";
import type { VaekitError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { endOf, type Outcome } from "../child-end.ts";

const built = new URL("../../build/modules/runtime/node/node-runtime.js", import.meta.url);

const preamble = `
  import { NodeRuntime } from ${JSON.stringify(built.href)};
  const runtime = new NodeRuntime({ device: "cpu" });
  runtime.warmUp();
`;

/** How the program ends after some milliseconds. */
const ends = {
  "dispose()": (milliseconds: number) => `setTimeout(() => runtime.dispose(), ${milliseconds});`,
  "process.exit()": (milliseconds: number) => `setTimeout(() => process.exit(0), ${milliseconds});`,
  "an error": (milliseconds: number) =>
    `process.on("uncaughtException", () => process.exit(0));
     setTimeout(() => { throw new Error("the program's own"); }, ${milliseconds});`,
} as const;

function runModule(source: string): Promise<Outcome> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["ignore", "ignore", "pipe"],
  });
  return endOf(child);
}

/** Loading ONNX Runtime takes 50 to 150 ms from the program's start; one of these meets it on most machines. */
const moments = [0, 10, 20, 30, 40, 60, 90];

describe.each(Object.entries(ends))("%s in the middle of native work", (_, end) => {
  test.each(moments)("after %i ms is no crash", async (milliseconds) => {
    const outcome = await runModule(preamble + end(milliseconds));
    expect(outcome).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
  });
});

describe("a disposed runtime", () => {
  const runtime = new NodeRuntime({ device: "cpu" });
  afterAll(() => runtime.dispose());
  const builder = new GraphBuilder("double");
  const input = builder.input("x", "float32", [2]);
  const graph = builder.build({ y: builder.apply("Add", [input, input], {}) });
  const x = Tensor.from(Float32Array.of(1, 2), [2]);

  test("refuses what is under way, what waits and what comes later", async () => {
    const session = await runtime.createSession(graph);
    const outcomes = Promise.allSettled(Array.from({ length: 50 }, () => session.run({ x })));
    await runtime.dispose();
    const codes = (await outcomes).map((outcome) =>
      outcome.status === "rejected" ? (outcome.reason as VaekitError).code : outcome.status,
    );
    expect(new Set(codes)).toEqual(new Set(["DISPOSED"]));
    await expect(runtime.createSession(graph)).rejects.toMatchObject({ code: "DISPOSED" });
  });
});

describe("the gate", () => {
  test("lets nobody in once it is closed, and does not keep the closer waiting for those it refused", () => {
    const gate = new NativeGate();
    expect(gate.enter()).toBe(true);
    gate.leave();
    const other = new NativeGate(gate.shared);
    other.close();
    expect(gate.enter()).toBe(false);
    other.waitUntilEmpty();
    expect(gate.isClosed).toBe(true);
  });
});
