/** What is found out about a library that is not as expected, and arrays that are not what a session writes. */
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/index.ts";
import { checkArrays } from "../../src/ort/node/check-arrays.js";
import { GuardedArray } from "../../src/ort/node/guarded-array.js";
import { Findings, Tricks } from "../../src/ort/node/tricks.ts";
import { trickNames, type Attempt, type Attempter, type TrickName } from "../../src/ort/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { VaekitError } from "../../src/errors.ts";

/** A library with blocks of 16 channels; `fault` says what is wrong with an attempt: a factor of its numbers, or an error. */
function library(fault: (attempt: Attempt, text: string) => number): Attempter {
  return (attempt) => {
    const factor = fault(attempt, Buffer.from(attempt.model).toString("latin1"));
    const results = attempt.outputs.map(({ name, shape }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      // What ReorderInput makes of counted numbers, which is all that is asked about blocks' size.
      const inOrder = (index: number): number =>
        2 * (Math.floor(index / 32) * 16 + (index % 16)) + (Math.floor(index / 16) % 2);
      return [name, Array.from({ length: size }, (_, index) => factor * inOrder(index))] as const;
    });
    return Promise.resolve(Object.fromEntries(results));
  };
}

async function reasonsIn(
  attempt: Attempter,
  isProcessor = true,
): Promise<Partial<Record<TrickName, string>>> {
  const described = await new Tricks(new Map(), attempt, new Findings()).describe(isProcessor);
  return Object.fromEntries(
    described.flatMap(({ name, reason }) => (reason === undefined ? [] : [[name, reason]])),
  );
}

const throws = (message: string): never => {
  throw new Error(message);
};

describe.runIf(process.arch === "x64")("a library", () => {
  test("that is as expected has all", async () => {
    expect(await reasonsIn(library(() => 1))).toEqual({});
  });

  test.each<[TrickName, (attempt: Attempt, text: string) => number, string]>([
    [
      "uncopied-results",
      ({ endsUnreturned }) => (endsUnreturned ? throws("Sequences are not supported.") : 1),
      "Sequences are not supported.",
    ],
    [
      "fused-operators",
      (_, text) => (text.includes("FusedMatMul") ? 1.00001 : 1),
      "a small model gave other numbers than in the plain way",
    ],
    [
      "fused-operators",
      (_, text) => (text.includes("QuickGelu") ? NaN : 1),
      "a small model gave other numbers than in the plain way",
    ],
    ["shared-arena", ({ sharesArena }) => (sharesArena ? throws("no koffi") : 1), "no koffi"],
    [
      "mapped-weights",
      ({ options }) => (options?.externalData?.length === 0 ? throws("no file") : 1),
      "no file",
    ],
    [
      "session-hints",
      ({ options }) => ("intra_op" in (options?.extra?.session ?? {}) ? throws("unknown key") : 1),
      "unknown key",
    ],
    [
      "grouped-gradients",
      (_, text) => (text.includes("dilations") ? throws("groups are refused") : 1),
      "groups are refused",
    ],
  ])("whose only fault is in %s lacks nothing else", async (name, fault, reason) => {
    expect(await reasonsIn(library(fault))).toEqual({ [name]: reason });
  });

  test("that computes something else in blocks, or writes beside its result, has none", async () => {
    const wrong = library((_, text) => (text.includes("nchwc") && text.includes("mixed") ? 2 : 1));
    expect(Object.keys(await reasonsIn(wrong))).toEqual(["blocked-layout", "grouped-gradients"]);
    const wild = library((_, text) =>
      text.includes("block_size") ? throws("it wrote beside its result") : 1,
    );
    expect(await reasonsIn(wild)).toEqual({
      "blocked-layout": "this processor has no blocks that are known",
      "grouped-gradients": "the blocked layout is not used",
    });
  });
});

test("a graphics processor has none of the processor's own", async () => {
  const names = Object.keys(
    await reasonsIn(
      library(() => 1),
      false,
    ),
  );
  expect(names).toEqual(["blocked-layout", "grouped-gradients", "fused-operators", "shared-arena"]);
});

test("a runtime that is disposed while it is asked says nothing about the library", async () => {
  const findings = new Findings();
  const disposed: Attempter = () => Promise.reject(new VaekitError("DISPOSED", "The runtime was disposed."));
  const first = new Tricks(new Map(), disposed, findings).isOn("session-hints");
  const second = new Tricks(
    new Map(),
    library(() => 1),
    findings,
  ).isOn("session-hints");
  await expect(first).rejects.toMatchObject({ code: "DISPOSED" });
  expect(await second).toBe(true);
});

test("a trick that is switched off is not tried", async () => {
  const tried: boolean[] = [];
  const attempt = library(({ endsUnreturned }) => {
    tried.push(endsUnreturned === true);
    return 1;
  });
  const off = new Map(trickNames.map((name) => [name, "a test"]));
  off.delete("session-hints");
  await new Tricks(off, attempt, new Findings()).describe(true);
  expect(tried).toEqual([false, false]);
});

describe("a guarded array", () => {
  test.each([-1, 8])("sees what is written at %i of 8 elements", (place) => {
    const array = new GuardedArray(8);
    array.data.fill(1);
    expect(array.isIntact).toBe(true);
    new Float32Array(array.data.buffer)[array.data.byteOffset / 4 + place] = 0;
    expect(array.isIntact).toBe(false);
  });
});

describe("arrays for results", () => {
  const runtime = new NodeRuntime({ device: "cpu" });
  afterAll(() => runtime.dispose());

  test("of a workspace are refused before anything is written, when they are of another shape", async () => {
    const builder = new GraphBuilder("negative");
    const y = builder.apply("Neg", [builder.input("x", "float32", [8])], {});
    const session = await runtime.createSession(builder.build({ y }), { inWorkspace: true });
    const workspace = await runtime.createWorkspace({ size: 32 });
    const run = (shape: readonly number[], offset: number) =>
      workspace.execute([
        { kind: "write", region: { offset: 0, shape: [32] }, data: new Float32Array(32).fill(7) },
        { kind: "run", session, inputs: { x: { offset: 0, shape: [8] } }, outputs: { y: { offset, shape } } },
      ]);
    await expect(run([4], 8)).rejects.toThrow(
      "result y: expected an array of float32 [8], found float32 [4]",
    );
    await expect(run([2, 4], 8)).rejects.toThrow(
      "result y: expected an array of float32 [8], found float32 [2, 4]",
    );
    // Beyond the end of the workspace, an array is shorter than its shape says.
    await expect(run([8], 28)).rejects.toMatchObject({ code: "RUNTIME" });
    const { all } = await workspace.execute([
      { kind: "read", region: { offset: 0, shape: [32] }, name: "all" },
    ]);
    expect(Array.from(all!.data as Float32Array)).toEqual(Array.from({ length: 32 }, () => 7));
  });

  test("are refused when one is missing, of another dtype, or of no output", async () => {
    const { Tensor } = await import("onnxruntime-node");
    const types = { y: { dtype: "float32", shape: [2] } } as const;
    const found = new Tensor("float32", new Float32Array(2), [2]);
    expect(() => {
      checkArrays({ y: found }, types);
    }).not.toThrow();
    expect(() => {
      checkArrays({}, types);
    }).toThrow("result y: expected an array of float32 [2], found none");
    const wide = new Tensor("float64", new Float64Array(2), [2]);
    expect(() => {
      checkArrays({ y: wide }, types);
    }).toThrow("found float64 [2]");
    expect(() => {
      checkArrays({ y: found, z: found }, types);
    }).toThrow("result z: the graph has no such output");
  });
});
