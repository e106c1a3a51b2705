/** A lent runtime frees what was made with it, and nothing else. */
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkGivenRuntime } from "./given-runtime.ts";
import { LentRuntime } from "./lent-runtime.ts";
import type { Runtime, Session, State, Workspace, WorkspaceStep } from "./runtime.ts";

const builder = new GraphBuilder("double");
const x = builder.input("x", "float32", [1]);
const graph = builder.build({ y: builder.apply("Add", [x, x], {}) });

/** The owner's runtime: it notes what reaches it. */
class Owned implements Runtime {
  readonly name = "owned";
  readonly device = "cpu";
  readonly threadCount = 3;
  isDisposed = false;
  readonly calls: unknown[][] = [];
  readonly disposed: string[] = [];
  /** What a session or a workspace of it waits for while it is made. */
  making: Promise<void> = Promise.resolve();

  resolve = (): Promise<"cpu"> => {
    this.calls.push(["resolve"]);
    return Promise.resolve("cpu");
  };
  warmUp = (): void => void this.calls.push(["warmUp"]);

  readonly session: Session = {
    run: (...args) => {
      this.calls.push(["run", ...args]);
      return Promise.resolve({});
    },
    dispose: () => this.#dispose("session"),
  };
  readonly state: State = {
    names: ["w"],
    read: () => Promise.resolve({}),
    dispose: () => this.#dispose("state"),
  };
  readonly workspace: Workspace = {
    execute: (...args) => {
      this.calls.push(["execute", ...args]);
      return Promise.resolve({});
    },
    dispose: () => this.#dispose("workspace"),
  };

  async createSession(...args: Parameters<Runtime["createSession"]>): Promise<Session> {
    this.calls.push(["createSession", ...args]);
    await this.making;
    return this.session;
  }
  async createState(...args: Parameters<Runtime["createState"]>): Promise<State> {
    this.calls.push(["createState", ...args]);
    await this.making;
    return this.state;
  }
  async createWorkspace(...args: Parameters<Runtime["createWorkspace"]>): Promise<Workspace> {
    this.calls.push(["createWorkspace", ...args]);
    await this.making;
    return this.workspace;
  }
  dispose(): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }

  #dispose(name: string): Promise<void> {
    this.disposed.push(name);
    return Promise.resolve();
  }
}

describe("a lent runtime", () => {
  test("is what its owner's is, and passes every call and option on", async () => {
    const owned = new Owned();
    const lent = new LentRuntime(owned);
    expect([lent.name, lent.device, lent.threadCount, lent.isDisposed]).toEqual(["owned", "cpu", 3, false]);
    lent.warmUp();
    await lent.resolve();
    const options = { inWorkspace: true, device: "cpu" } as const;
    const session = await lent.createSession(graph, options);
    await lent.createState({ w: Tensor.zeros([1]) });
    const workspace = await lent.createWorkspace({ size: 4, fileSize: 2, folder: "f" });
    const inputs = { x: Tensor.zeros([1]) };
    const { signal } = new AbortController();
    await session.run(inputs, { signal });
    const region = { offset: 0, shape: [1] };
    const steps: WorkspaceStep[] = [
      { kind: "run", session, inputs: { x: region }, outputs: { y: region } },
      { kind: "read", region, name: "y" },
    ];
    await workspace.execute(steps, { signal });
    expect(owned.calls).toEqual([
      ["warmUp"],
      ["resolve"],
      ["createSession", graph, options],
      ["createState", { w: Tensor.zeros([1]) }],
      ["createWorkspace", { size: 4, fileSize: 2, folder: "f" }],
      ["run", inputs, { signal }],
      ["execute", [{ ...steps[0], session: owned.session }, steps[1]], { signal }],
    ]);
  });

  test("gives back what was made with it when it ends, once, and leaves the runtime to its owner", async () => {
    const owned = new Owned();
    const lent = new LentRuntime(owned);
    const session = await lent.createSession(graph);
    await lent.createState({});
    const workspace = await lent.createWorkspace({ size: 1 });
    await Promise.all([lent.dispose(), lent.dispose()]);
    await lent.dispose();
    expect(owned.disposed).toEqual(["session", "state", "workspace"]);
    expect([lent.isDisposed, owned.isDisposed]).toEqual([true, false]);
    await expect(lent.createSession(graph)).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(lent.createState({})).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(lent.createWorkspace({ size: 1 })).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(lent.resolve()).rejects.toMatchObject({ code: "DISPOSED" });
    // Their own dispose still works, for whoever held them.
    await session.dispose();
    await workspace.dispose();
  });

  test("gives back no second time what was disposed before", async () => {
    const owned = new Owned();
    const lent = new LentRuntime(owned);
    await (await lent.createSession(graph)).dispose();
    await (await lent.createWorkspace({ size: 1 })).dispose();
    expect(owned.disposed).toEqual(["session", "workspace"]);
    await lent.dispose();
    expect(owned.disposed).toEqual(["session", "workspace"]);
  });

  test.each<[string, (lent: LentRuntime) => Promise<unknown>]>([
    ["session", (lent) => lent.createSession(graph)],
    ["state", (lent) => lent.createState({})],
    ["workspace", (lent) => lent.createWorkspace({ size: 1 })],
  ])("gives back the %s that was being made when it ended", async (name, make) => {
    const owned = new Owned();
    let made: () => void = () => undefined;
    owned.making = new Promise((resolve) => (made = resolve));
    const lent = new LentRuntime(owned);
    const refused = expect(make(lent)).rejects.toMatchObject({ code: "DISPOSED" });
    await Promise.all([lent.dispose(), refused]);
    expect(owned.disposed).toEqual([]);
    made();
    await expect.poll(() => owned.disposed).toEqual([name]);
  });

  test("refuses to compute once its owner has disposed the runtime", async () => {
    const owned = new Owned();
    const lent = new LentRuntime(owned);
    const session = await lent.createSession(graph);
    const workspace = await lent.createWorkspace({ size: 1 });
    await owned.dispose();
    expect(lent.isDisposed).toBe(true);
    owned.calls.splice(0);
    const ended = {
      code: "DISPOSED",
      message: "The runtime that was given to this model was disposed.",
    };
    for (const call of [
      session.run({}),
      workspace.execute([]),
      lent.resolve(),
      lent.createSession(graph),
      lent.createState({}),
      lent.createWorkspace({ size: 1 }),
    ]) {
      await expect(call).rejects.toMatchObject(ended);
    }
    expect(owned.calls).toEqual([]);
  });

  test("of a runtime that does not warm up does not either", () => {
    const owned = new Owned();
    Reflect.deleteProperty(owned, "warmUp");
    new LentRuntime(owned).warmUp();
    expect(owned.calls).toEqual([]);
  });
});

describe("checkGivenRuntime", () => {
  const platform = { expected: "a runtime of ours", has: (name: string) => name === "owned" };
  const check = (given: object): void => {
    checkGivenRuntime("open", given, platform);
  };

  test("takes none, or one of the platform that is in use and decides everything by itself", () => {
    check({});
    check({ device: "cpu", threadCount: 2 });
    check({ runtime: new Owned(), device: undefined });
    check({ runtime: new LentRuntime(new Owned()) });
  });

  test.each<[string, object, string]>([
    ["a text", { runtime: "owned" }, 'open: runtime: expected a runtime of ours, found "owned".'],
    ["null", { runtime: null }, "open: runtime: expected a runtime of ours, found null."],
    ["what has no name", { runtime: Object.assign(new Owned(), { name: 3 }) }, "found an Owned."],
    ...(["resolve", "createSession", "createState", "createWorkspace", "dispose"] as const).map(
      (method): [string, object, string] => [
        `what has no ${method}`,
        { runtime: Object.assign(new Owned(), { [method]: undefined }) },
        "expected a runtime of ours, found an Owned.",
      ],
    ),
    [
      "another platform's",
      { runtime: Object.assign(new Owned(), { name: "other" }) },
      "open: runtime: expected a runtime of ours, found one of other.",
    ],
    [
      "one that was disposed",
      { runtime: Object.assign(new Owned(), { isDisposed: true }) },
      "open: runtime: expected one in use, found one that was disposed.",
    ],
    [
      "a device beside it",
      { runtime: new Owned(), device: "cpu" },
      "open: device: the runtime that is passed beside it has its own.",
    ],
    [
      "a number of threads beside it",
      { runtime: new Owned(), threadCount: 1 },
      "open: threadCount: the runtime that is passed beside it has its own.",
    ],
  ])("refuses %s", (_, given, message) => {
    expect(() => {
      check(given);
    }).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});
