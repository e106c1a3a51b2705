/** The memory of strips in the runtime's thread, and its temporary file: what lies where, and what is left. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { StepMessage } from "../../src/runtime/node/protocol.ts";
import { FileError, WorkerWorkspace } from "../../src/runtime/node/worker-workspace.js";

const folder = mkdtempSync(join(tmpdir(), "vaekit-workspace-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const opened: WorkerWorkspace[] = [];
const open = (size: number, path?: string): WorkerWorkspace => {
  const workspace = new WorkerWorkspace(size, path);
  opened.push(workspace);
  return workspace;
};
afterEach(() => {
  for (const each of opened.splice(0)) each.dispose();
});

const at = (offset: number, size = 2) => ({ offset, shape: [size] });
const write = (offset: number, ...values: number[]): StepMessage => ({
  kind: "write",
  region: at(offset, values.length),
  data: Float32Array.from(values),
});
const read = (name: string, offset: number, size = 2): StepMessage => ({
  kind: "read",
  region: at(offset, size),
  name,
});
const store = (offset: number, position: number): StepMessage => ({
  kind: "store",
  region: at(offset),
  position,
});
const load = (offset: number, position: number): StepMessage => ({
  kind: "load",
  region: at(offset),
  position,
});

const nothing = (): void => undefined;
const execute = async (
  workspace: WorkerWorkspace,
  steps: readonly StepMessage[],
  sessions: unknown = new Map(),
) => {
  const found = await workspace.execute(steps, sessions as never, nothing);
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, [...data].map(Number)]));
};

/** The files of the temporary folder that this process has open. */
const openFiles = (): string[] =>
  readdirSync("/proc/self/fd")
    .map((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`);
      } catch {
        return "";
      }
    })
    .filter((path) => path.startsWith(folder));

describe("a workspace's memory", () => {
  test("is zero, written and read in place, and copied to whoever reads it", async () => {
    const workspace = open(4);
    const steps = [read("before", 0, 4), write(1, 5, 6), read("after", 0, 4), write(0, 9)];
    expect(await execute(workspace, steps)).toEqual({ before: [0, 0, 0, 0], after: [0, 5, 6, 0] });
    expect(await execute(workspace, [read("x", 0)])).toEqual({ x: [9, 5] });
  });

  test("is joined for a session where its ranges lie apart, each input for itself", async () => {
    const workspace = open(8);
    const seen: number[][] = [];
    const prepared = {
      session: {},
      outputs: { y: { dtype: "float32", shape: [2] } },
      runInto: (
        _session: unknown,
        inputs: Record<string, { data: Float32Array }>,
        outputs: Record<string, { data: Float32Array }>,
      ) => {
        seen.push(...Object.values(inputs).map(({ data }) => [...data]));
        outputs.y!.data.set([7, 8]);
        return Promise.resolve();
      },
    };
    const joined = (...offsets: number[]) => ({
      parts: offsets.map((offset) => ({ offset, size: 1 })),
      shape: [offsets.length],
    });
    const result = await execute(
      workspace,
      [
        write(0, 1, 2, 3, 4),
        {
          kind: "run",
          session: 0,
          inputs: { a: joined(2, 1, 0), b: at(1), c: joined(3, 0) },
          outputs: { y: at(6) },
        },
        read("y", 6),
      ],
      new Map([[0, prepared]]),
    );
    expect(seen).toEqual([
      [3, 2, 1],
      [2, 3],
      [4, 1],
    ]);
    expect(result).toEqual({ y: [7, 8] });
  });

  test("is asked before each step whether to go on, and keeps what was done until then", async () => {
    const workspace = open(2);
    let left = 2;
    const stop = (): void => {
      if (left-- === 0) throw new Error("enough");
    };
    const steps = [write(0, 1), write(1, 1), write(0, 2)];
    await expect(workspace.execute(steps, new Map(), stop)).rejects.toThrow("enough");
    expect(await execute(workspace, [read("x", 0)])).toEqual({ x: [1, 1] });
  });

  test("knows no session that was disposed", async () => {
    const run: StepMessage = { kind: "run", session: 3, inputs: {}, outputs: {} };
    await expect(execute(open(1), [run])).rejects.toThrow("the session was disposed");
  });
});

describe("its temporary file", () => {
  test("keeps what is stored at each position, until it is loaded", async () => {
    const workspace = open(2, folder);
    const steps = [
      ...[write(0, 1, 2), store(0, 4), write(0, 3, 4), store(0, 0), write(0, 0, 0)],
      ...[load(0, 4), read("first", 0), load(0, 0), read("second", 0), load(0, 1), read("between", 0)],
    ];
    expect(await execute(workspace, steps)).toEqual({ first: [1, 2], second: [3, 4], between: [4, 0] });
  });

  test.skipIf(process.platform !== "linux")(
    "has no name from the beginning, and is closed with the workspace",
    () => {
      const workspace = open(2, folder);
      expect(readdirSync(folder)).toEqual([]);
      expect(openFiles()).toEqual([expect.stringMatching(/vaekit-[0-9a-f-]+\.tmp \(deleted\)$/)]);
      workspace.dispose();
      expect(openFiles()).toEqual([]);
      workspace.dispose();
      open(2);
      expect(openFiles()).toEqual([]);
    },
  );

  test("that ends early, or is not there, is an error of files", async () => {
    const workspace = open(2, folder);
    await expect(execute(workspace, [load(0, 0)])).rejects.toThrow(FileError);
    await expect(execute(workspace, [load(0, 0)])).rejects.toThrow(
      "The temporary file ended early; was it changed from outside?",
    );
    for (const step of [store(0, 0), load(0, 0)]) {
      await expect(execute(open(2), [step])).rejects.toThrow("The workspace has no temporary file.");
    }
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(() => open(2, file)).toThrow(FileError);
    expect(() => open(2, file)).toThrow(
      /^Temporary file: ENOTDIR.*\. Choose another folder for temporary files, or allow more memory\.$/,
    );
    rmSync(file);
  });
});
