/** What stays ready between two pictures, what is freed, and what reaches the runtime: without an engine. */
import { describe, expect, test } from "vitest";
import { defaultProfile, type Provider } from "../../src/cost/index.ts";
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import type { Half, InputSize } from "../../src/models/index.ts";
import { Decisions } from "../../src/plan/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { Coder } from "../../src/vae/coder.ts";
import type { Machine } from "../../src/vae/machine.ts";
import type { CodingOptions, CodingPlan } from "../../src/vae/options.ts";
import { StandInRuntime, type StandInOptions } from "../stand-in-runtime.ts";

/** Two convolutions: strips can compute them. */
function graphOf(half: Half, { batch, height, width }: InputSize): Graph {
  const builder = new GraphBuilder(half);
  const x = builder.input("x", "float32", [batch, 2, height, width]);
  const attributes = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;
  const first = builder.apply(
    "Conv",
    [x, builder.constant("first", Tensor.zeros([32, 2, 3, 3]))],
    attributes,
  );
  const second = builder.apply(
    "Conv",
    [first, builder.constant("second", Tensor.zeros([2, 32, 3, 3]))],
    attributes,
  );
  return builder.build({ y: second });
}

const machineWith = (parts: Partial<Machine> = {}): Machine => ({
  processBytes: () => undefined,
  availableBytes: () => undefined,
  hasFiles: true,
  costProfile: (provider: Provider) => Promise.resolve(defaultProfile(provider, 2)),
  ...parts,
});

function coderOn(runtime: StandInRuntime, machine: Machine = machineWith()): Coder {
  return new Coder({ runtime, machine, graphOf, facts: { spatialFactor: 1 } });
}

const start = (options: StandInOptions = {}): { runtime: StandInRuntime; coder: Coder } => {
  const runtime = new StandInRuntime(options);
  return { runtime, coder: coderOn(runtime) };
};

const picture = (height: number, width = 4, batch = 1): Tensor<"float32"> =>
  Tensor.zeros([batch, 2, height, width]);
const whole = { tiling: "off" } as const;
const strips = { tiling: "exact" } as const;
const shapes = (sessions: StandInRuntime["sessions"]): string[] =>
  sessions.map(({ graph }) => `${graph.name} ${graph.inputs[0]!.shape.join("x")}`);

describe("as a whole", () => {
  test("a second picture of one size takes the session of the first; another size, batch or half has its own", async () => {
    const { runtime, coder } = start();
    for (let round = 0; round < 2; round++) {
      await coder.code("decoder", picture(4), whole);
      await coder.code("decoder", picture(5), whole);
      await coder.code("decoder", picture(4, 4, 2), whole);
      await coder.code("encoder", picture(4), whole);
    }
    expect(shapes(runtime.sessions)).toEqual([
      "decoder 1x2x4x4",
      "decoder 1x2x5x4",
      "decoder 2x2x4x4",
      "encoder 1x2x4x4",
    ]);
    expect(runtime.sessions.map(({ runs }) => runs)).toEqual([2, 2, 2, 2]);
    expect(runtime.alive).toHaveLength(4);
  });

  test.each([whole, strips])("two sizes of the same digits are two sizes: %j", async (options) => {
    const { runtime, coder } = start();
    for (const [height, width] of [
      [1, 11],
      [11, 1],
    ] as const)
      expect((await coder.code("decoder", picture(height, width), options)).shape).toEqual([
        1,
        2,
        height,
        width,
      ]);
    expect(runtime.sessions.length).toBeGreaterThan(1);
  });

  test("eight sizes stay ready; the ninth frees the one that was longest out of use", async () => {
    const { runtime, coder } = start();
    for (let height = 1; height <= 8; height++) await coder.code("decoder", picture(height), whole);
    await coder.code("decoder", picture(1), whole);
    expect(runtime.alive).toHaveLength(8);
    await coder.code("decoder", picture(9), whole);
    expect(shapes(runtime.sessions.filter(({ isDisposed }) => isDisposed))).toEqual(["decoder 1x2x2x4"]);
    await coder.dispose();
    expect(runtime.alive).toEqual([]);
  });

  test("a session that could not be made is made by the next picture; a run that failed keeps its session", async () => {
    let failures = 1;
    const failing = (): void => {
      if (failures-- > 0) throw new Error("no memory");
    };
    const making = start({ onCreate: failing });
    await expect(making.coder.code("decoder", picture(4), whole)).rejects.toThrow("no memory");
    await making.coder.code("decoder", picture(4), whole);
    expect(making.runtime.sessions.map(({ runs }) => runs)).toEqual([1]);

    failures = 1;
    const running = start({ onRun: failing });
    await expect(running.coder.code("decoder", picture(4), whole)).rejects.toThrow("no memory");
    await running.coder.code("decoder", picture(4), whole);
    expect(running.runtime.sessions.map(({ runs, isDisposed }) => [runs, isDisposed])).toEqual([[2, false]]);
  });

  test("the session is made for the device of the plan, and for no workspace", async () => {
    const { runtime, coder } = start({ device: "cuda" });
    await coder.code("decoder", picture(4), whole);
    expect(runtime.sessions.map(({ options }) => options)).toEqual([{ device: "cuda" }]);
  });

  test("tiles of diffusers go as wholes", async () => {
    const { runtime, coder } = start();
    const plans: CodingPlan[] = [];
    await coder.code("decoder", picture(4), {
      tiling: "diffusers",
      onPlan: (plan) => void plans.push(plan),
    });
    expect(plans.map(({ tiling }) => tiling)).toEqual(["off"]);
    expect(runtime.workspaces).toEqual([]);
    // No budget makes strips of them.
    await coder.code("decoder", picture(4), { tiling: "diffusers", maxMemoryBytes: 1 });
    expect(runtime.workspaces).toEqual([]);
    expect(await coder.plan("decoder", { batch: 1, height: 4, width: 4 }, { tiling: "diffusers" })).toEqual(
      plans[0],
    );
  });
});

describe("in strips", () => {
  test("a second picture of one size takes the sessions and the memory of the first; a third size frees the oldest", async () => {
    const { runtime, coder } = start();
    await coder.code("decoder", picture(40), strips);
    const made = runtime.sessions.length;
    expect(made).toBeGreaterThan(0);
    await coder.code("decoder", picture(40), strips);
    expect([runtime.sessions.length, runtime.workspaces.length]).toEqual([made, 1]);
    expect(runtime.sessions.every(({ options }) => options.inWorkspace === true)).toBe(true);
    expect(runtime.sessions.every(({ options }) => options.device === "cpu")).toBe(true);

    await coder.code("encoder", picture(40), strips);
    expect(runtime.alive.length).toBe(2 * made);
    expect(runtime.workspacesAlive).toBe(2);
    await coder.code("decoder", picture(44), strips);
    expect(runtime.alive.length).toBe(2 * made);
    expect(runtime.workspacesAlive).toBe(2);
    expect(runtime.sessions.slice(0, made).every(({ isDisposed }) => isDisposed)).toBe(true);
    await coder.dispose();
    expect([runtime.alive.length, runtime.workspacesAlive]).toEqual([0, 0]);
  });

  test("a batch goes picture by picture through one program", async () => {
    const { runtime, coder } = start();
    await coder.code("decoder", picture(40), strips);
    const runs = runtime.sessions.map((session) => session.runs);
    await coder.code("decoder", picture(40, 4, 3), strips);
    expect(runtime.sessions.map((session) => session.runs)).toEqual(runs.map((count) => 4 * count));
    expect(runtime.workspaces).toHaveLength(1);
  });

  test("another budget is another program, and its file goes to the folder that the caller names, and ends with the picture", async () => {
    const { runtime, coder } = start();
    const size = { batch: 1, height: 256, width: 256 };
    const { peakBytes } = await coder.plan("decoder", size, strips);
    const spilled = { ...strips, maxMemoryBytes: peakBytes - 1, temporaryFolder: "/somewhere" };
    const plan = await coder.plan("decoder", size, spilled);
    expect(plan.fileBytes).toBeGreaterThan(0);
    await coder.code("decoder", picture(256, 256), strips);
    await coder.code("decoder", picture(256, 256), spilled);
    await coder.code("decoder", picture(256, 256), strips);
    expect(runtime.workspaces.map(({ options, isDisposed }) => [options.folder, isDisposed])).toEqual([
      [undefined, false],
      ["/somewhere", true],
    ]);
    const [first, second] = runtime.workspaces.map(({ options }) => options);
    expect(4 * second!.fileSize!).toBe(plan.fileBytes);
    expect([first!.fileSize, second!.size < first!.size]).toEqual([0, true]);
  });

  test("what a failure left over is not used again, and the sessions are", async () => {
    let failures = 1;
    const { runtime, coder } = start({
      onRun: () => {
        if (failures-- > 0) throw new Error("no memory");
      },
    });
    await expect(coder.code("decoder", picture(40), strips)).rejects.toThrow("no memory");
    expect(runtime.workspacesAlive).toBe(0);
    const made = runtime.sessions.length;
    await coder.code("decoder", picture(40), strips);
    expect(runtime.sessions.length).toBe(made);
    expect(runtime.workspacesAlive).toBe(1);
  });
});

describe("calls that come together", () => {
  test("are computed one after the other, each with all of its strips", async () => {
    const { runtime, coder } = start();
    const heights = [40, 44, 48];
    await Promise.all([
      ...heights.map((height) => coder.code("decoder", picture(height), strips)),
      coder.code("encoder", picture(4), whole),
      coder.code("decoder", picture(4), whole),
    ]);
    const computed = runtime.log.filter((each) => each.startsWith("execute") || each.startsWith("run"));
    const changes = computed.filter((each, index) => each !== computed[index - 1]);
    expect(changes).toEqual(["execute in 0", "execute in 1", "execute in 2", "run encoder", "run decoder"]);
  });

  test("of one size share a session", async () => {
    const { runtime, coder } = start();
    await Promise.all([1, 2, 3].map(() => coder.code("decoder", picture(4), whole)));
    expect(runtime.sessions).toHaveLength(1);
  });

  test("behind one that fails are computed", async () => {
    let failures = 1;
    const { coder } = start({
      onRun: () => {
        if (failures-- > 0) throw new Error("no memory");
      },
    });
    const codes = [whole, strips, whole].map((options) => coder.code("decoder", picture(4), options));
    const outcomes = await Promise.allSettled(codes);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });
});

test.each([
  ["as a whole", whole],
  ["in strips", strips],
])(
  "the caller's signal reaches every call of the runtime, %s; without one there is none",
  async (_, options) => {
    const { runtime, coder } = start();
    const { signal } = new AbortController();
    await coder.code("decoder", picture(40), { ...options, signal });
    expect(runtime.signals.length).toBeGreaterThan(0);
    expect(runtime.signals.every((each) => each === signal)).toBe(true);
    runtime.signals.splice(0);
    await coder.code("decoder", picture(40), options);
    expect(runtime.signals.every((each) => each === undefined)).toBe(true);
  },
);

describe("what the process held", () => {
  const size = { batch: 1, height: 40, width: 40 };
  const peakOf = async (processBytes: number | undefined, options: CodingOptions): Promise<number> => {
    const parts = { machine: machineWith(), graphOf, facts: { spatialFactor: 1 } };
    const profile = await machineWith().costProfile("cpu");
    const decisions = new Decisions({ ...parts, processBytes, device: "cpu", profile });
    const { tiling } = options as { tiling: "off" | "exact" };
    return decisions.decide("decoder", size, { tiling }).plan.peakBytes;
  };
  const planned = async (readings: readonly (number | undefined)[], options: CodingOptions) => {
    const left = [...readings];
    const last = readings.at(-1);
    const machine = machineWith({ processBytes: () => (left.length > 0 ? left.shift() : last) });
    const coder = coderOn(new StandInRuntime(), machine);
    const first = await coder.plan("decoder", size, options);
    return [first.peakBytes, (await coder.plan("decoder", size, options)).peakBytes];
  };

  test.each([whole, strips])(
    "is what it held before the first plan, without the runtime's thread, and no less than at the opening (%j)",
    async (options) => {
      const of = async (bytes: number | undefined): Promise<number[]> => {
        const peak = await peakOf(bytes, options);
        return [peak, peak];
      };
      expect(await planned([100e6, 300e6, 900e6], options)).toEqual(await of(260e6));
      expect(await planned([290e6, 300e6, 900e6], options)).toEqual(await of(290e6));
      expect(await planned([undefined], options)).toEqual(await of(undefined));
      expect(await peakOf(260e6, options)).not.toBe(await peakOf(290e6, options));
    },
  );
});

test("what the process held counts for the plans of a second device, too: sessions may have come since", async () => {
  const size = { batch: 1, height: 40, width: 40 };
  let held = 300e6;
  const runtime = new StandInRuntime();
  let device: "cuda" | "cpu" = "cuda";
  runtime.resolve = () => Promise.resolve(device);
  const coder = coderOn(runtime, machineWith({ processBytes: () => held }));
  const first = await coder.plan("decoder", size, whole);
  [device, held] = ["cpu", 900e6];
  const second = await coder.plan("decoder", size, whole);
  expect([first.device, second.device]).toEqual(["cuda", "cpu"]);
  expect(second.peakBytes).toBeLessThan(first.peakBytes + 100e6);
});

test("prices are asked for once, and the runtime is warmed up when the model opens", async () => {
  const asked: Provider[] = [];
  const runtime = new StandInRuntime({ device: "webgpu" });
  const machine = machineWith({
    costProfile: (provider) => {
      asked.push(provider);
      return Promise.resolve(defaultProfile(provider, 1));
    },
  });
  const coder = coderOn(runtime, machine);
  expect(runtime.warmUps).toBe(1);
  await coder.code("decoder", picture(4), whole);
  await coder.code("encoder", picture(9), strips);
  await coder.plan("encoder", { batch: 2, height: 4, width: 4 }, {});
  expect(asked).toEqual(["webgpu"]);
  expect(runtime.warmUps).toBe(1);
});

test("most of the free memory, beside what the process has, is the budget where the caller gives none", async () => {
  const size = { batch: 1, height: 256, width: 256 };
  const planned = (parts: Partial<Machine>, options: CodingOptions = strips): Promise<CodingPlan> =>
    coderOn(new StandInRuntime(), machineWith(parts)).plan("decoder", size, options);
  const { peakBytes } = await planned({});
  const enough = await planned({ availableBytes: () => peakBytes / 0.8 });
  expect(enough.fileBytes).toBe(0);
  const tooLittle = await planned({ availableBytes: () => (peakBytes - 1) / 0.8 });
  expect(tooLittle.fileBytes).toBeGreaterThan(0);
  const asked = await planned({ availableBytes: () => 0 }, { ...strips, maxMemoryBytes: peakBytes });
  expect(asked.fileBytes).toBe(0);
});
