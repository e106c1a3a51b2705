import { describe, expect, test } from "vitest";
import type { Session, Workspace, WorkspaceStep } from "../runtime/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { StepQueue } from "./step-queue.ts";

/** A workspace whose calls end when they are told to. */
class Slow implements Workspace {
  readonly calls: { readonly steps: readonly WorkspaceStep[]; readonly end: (error?: Error) => void }[] = [];
  dispose = (): Promise<void> => Promise.resolve();

  execute(steps: readonly WorkspaceStep[]): Promise<Record<string, Tensor>> {
    return new Promise((resolve, reject) => {
      const reads = steps.flatMap((step) => (step.kind === "read" ? [step] : []));
      const results = Object.fromEntries(
        reads.map(({ name, region }) => [name, Tensor.from(Float32Array.of(region.offset), [1])]),
      );
      this.calls.push({
        steps,
        end: (error) => {
          if (error === undefined) resolve(results);
          else reject(error);
        },
      });
    });
  }

  /** How many steps each call so far has. */
  get sizes(): number[] {
    return this.calls.map(({ steps }) => steps.length);
  }
}

const step: WorkspaceStep = { kind: "write", region: { offset: 0, shape: [1] }, data: new Float32Array(1) };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether a promise is done by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await settled();
  return done;
}

describe("steps", () => {
  test("go at once while nothing is under way, else by eights, two batches at a time", async () => {
    const workspace = new Slow();
    const queue = new StepQueue(Promise.resolve(workspace), undefined);
    await queue.push(step);
    await settled();
    expect(workspace.sizes).toEqual([1]);
    for (let count = 0; count < 7; count++) await queue.push(step);
    await settled();
    expect(workspace.sizes).toEqual([1]);
    const eighth = queue.push(step);
    expect(await isDone(eighth)).toBe(false);
    expect(workspace.sizes).toEqual([1, 8]);
    workspace.calls[0]!.end();
    await eighth;
    const drained = queue.drain();
    expect(await isDone(drained)).toBe(false);
    workspace.calls[1]!.end();
    await drained;
    expect(workspace.sizes).toEqual([1, 8]);
  });

  test("that read give each caller its own region, as it is then", async () => {
    const workspace = new Slow();
    const queue = new StepQueue(Promise.resolve(workspace), undefined);
    const seen: number[] = [];
    const read = (offset: number): Promise<void> =>
      queue.read({ offset, shape: [1] }, ({ data }) => seen.push(Number(data[0])));
    await read(5);
    await settled();
    await read(6);
    await read(7);
    const drained = queue.drain();
    await settled();
    workspace.calls[0]!.end();
    await settled();
    expect(seen).toEqual([5]);
    workspace.calls[1]!.end();
    await drained;
    expect(seen).toEqual([5, 6, 7]);
  });

  test("that fail are heard by whoever drains, once", async () => {
    const workspace = new Slow();
    const queue = new StepQueue(Promise.resolve(workspace), undefined);
    await queue.push(step);
    await settled();
    const drained = queue.drain();
    workspace.calls[0]!.end(new Error("no"));
    await expect(drained).rejects.toThrow("no");
    await queue.push(step);
    await settled();
    expect(workspace.sizes).toEqual([1, 1]);
  });

  test("are not sent any more once they are aborted", async () => {
    const workspace = new Slow();
    const controller = new AbortController();
    const queue = new StepQueue(Promise.resolve(workspace), controller.signal);
    controller.abort();
    await expect(queue.push(step)).rejects.toMatchObject({ code: "ABORTED" });
    await settled();
    expect(workspace.calls).toEqual([]);
  });

  test("need no call where there are none", async () => {
    const workspace = new Slow();
    const queue = new StepQueue(Promise.resolve(workspace), AbortSignal.abort());
    await queue.flush();
    await queue.drain();
    expect(workspace.calls).toEqual([]);
  });
});

describe("a session that is released", () => {
  const session = (log: string[]): Session => ({
    run: () => Promise.reject(new Error("no")),
    dispose: () => {
      log.push("disposed");
      return Promise.resolve();
    },
  });

  test.each([undefined, new Error("no")])(
    "is disposed after the steps before it, whether they fail: %o",
    async (error) => {
      const workspace = new Slow();
      const queue = new StepQueue(Promise.resolve(workspace), undefined);
      const log: string[] = [];
      await queue.push(step);
      const released = queue.release(session(log));
      await settled();
      expect(log).toEqual([]);
      workspace.calls[0]!.end();
      await released;
      await settled();
      expect(log).toEqual([]);
      workspace.calls[1]!.end(error);
      await queue.drain().catch(() => undefined);
      expect(log).toEqual(["disposed"]);
    },
  );
});
