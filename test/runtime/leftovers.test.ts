/** What the native runtime's thread keeps, and what is gone: sessions, states, workspaces and their files. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { WorkerClient } from "../../src/runtime/node/worker-client.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const folder = mkdtempSync(join(tmpdir(), "vaekit-leftovers-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** How many files of the folder this process has open, though they have no name. */
const openFiles = (): number =>
  readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;

describe.skipIf(process.platform !== "linux")("the temporary file", () => {
  test("is closed when its workspace is disposed, and with the runtime at the latest", async () => {
    const runtime = new NodeRuntime({ device: "cpu" });
    const create = () => runtime.createWorkspace({ size: 4, fileSize: 4, folder });
    const [first, second] = [await create(), await create()];
    await runtime.createWorkspace({ size: 4, folder });
    expect([openFiles(), readdirSync(folder)]).toEqual([2, []]);
    await first.dispose();
    expect(openFiles()).toBe(1);
    const region = { offset: 0, shape: [4] };
    const read = await second.execute([
      { kind: "write", region, data: Float32Array.of(1, 2, 3, 4) },
      { kind: "store", region, position: 0 },
      { kind: "write", region, data: new Float32Array(4) },
      { kind: "load", region, position: 0 },
      { kind: "read", region, name: "x" },
    ]);
    expect([...read["x"]!.data]).toEqual([1, 2, 3, 4]);
    await runtime.dispose();
    await expect.poll(openFiles).toBe(0);
  });

  test("that cannot be read is an error of files, and no other error is", async () => {
    await using runtime = new NodeRuntime({ device: "cpu" });
    const workspace = await runtime.createWorkspace({ size: 4, fileSize: 4, folder });
    const region = { offset: 0, shape: [4] };
    await expect(workspace.execute([{ kind: "load", region, position: 100 }])).rejects.toMatchObject({
      code: "IO",
      message: "The temporary file ended early; was it changed from outside?",
    });
    await expect(runtime.createWorkspace({ size: -1 })).rejects.toMatchObject({ code: "RUNTIME" });
  });

  test("is not begun where it will not fit: four bytes for each element", async () => {
    await using runtime = new NodeRuntime({ device: "cpu" });
    // A file system that has no room at all.
    await expect(
      runtime.createWorkspace({ size: 1, fileSize: 500_001, folder: "/proc" }),
    ).rejects.toMatchObject({
      code: "IO",
      message:
        "temporaryFolder: expected 3 MB free in /proc, found 0 MB. Free some, choose another folder, or allow more memory.",
    });
  });
});

describe("the thread", () => {
  test("knows nothing any longer of what was given back", async () => {
    const client = new WorkerClient();
    const builder = new GraphBuilder("double");
    const x = builder.input("x", "float32", [1]);
    const model = encodeModel(builder.build({ y: builder.apply("Add", [x, x], {}) }), () => {
      throw new Error("it has no weights");
    });
    const outputs = { y: { dtype: "float32", shape: [1] } } as const;
    const plain = { options: {}, sharesArena: false, endsUnreturned: false };
    await client.request({ kind: "create", session: 0, model, ...plain, outputs });
    await client.request({ kind: "create-state", state: 0, tensors: {} });
    await client.request({ kind: "create-workspace", workspace: 0, size: 1, folder: undefined });
    const inputs = { x: { dtype: "float32", data: Float32Array.of(3), shape: [1] } } as const;
    const run = () => client.request({ kind: "run", session: 0, inputs });
    expect([...(await run())["y"]!.data]).toEqual([6]);
    for (const body of [
      { kind: "release", session: 0 },
      { kind: "release-state", state: 0 },
      { kind: "release-workspace", workspace: 0 },
    ] as const) {
      await client.release(body);
      // Once more does no harm.
      await client.release(body);
    }
    const refusals: [Promise<unknown>, string][] = [
      [run(), "the session was disposed"],
      [client.request({ kind: "read-state", state: 0, names: [] }), "the state was disposed"],
      [client.request({ kind: "execute", workspace: 0, steps: [] }), "the workspace was disposed"],
    ];
    for (const [refused, message] of refusals) {
      await expect(refused).rejects.toMatchObject({ code: "RUNTIME", message });
    }
    await client.dispose();
    await client.release({ kind: "release", session: 0 });
    await expect(client.request({ kind: "release", session: 0 })).rejects.toMatchObject({ code: "DISPOSED" });
  });

  test("copies what a state is read for, and never the state itself", async () => {
    await using runtime = new NodeRuntime({ device: "cpu" });
    const state = await runtime.createState({ w: Tensor.from(Float32Array.of(1, 2), [2]) });
    (await state.read())["w"]!.data[0] = 9;
    expect([...(await state.read(["w"]))["w"]!.data]).toEqual([1, 2]);
  });
});
