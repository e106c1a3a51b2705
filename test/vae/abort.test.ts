/** A signal ends whatever a model does, at once, with ABORTED; nothing stays behind, and the model goes on. */
import { getEventListeners } from "node:events";
import { afterAll, describe, expect, test } from "vitest";
import { Generator } from "../../src/random/index.ts";
import type { Raster } from "../../src/images/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import type { CodingOptions } from "../../src/vae/options.ts";
import { Autoencoder, Mlp, runtimes } from "../small-models.ts";
import { StandInRuntime } from "../stand-in-runtime.ts";

const pixels = Generator.torch(1).randn([2, 3, 24, 24]);
const latents = Generator.torch(2).randn([2, 4, 12, 12]);
const one = Generator.torch(3).randn([1, 4, 12, 12]);
const picture: Raster = { width: 24, height: 24, channels: 3, data: new Uint8Array(24 * 24 * 3).fill(90) };

type Call = (vae: Autoencoder, options: CodingOptions) => Promise<unknown>;

const calls: Readonly<Record<string, Call>> = {
  encode: async (vae, options) => (await vae.encode(pixels, options)).latents(),
  decode: async (vae, options) => (await vae.decode(latents, options)).sample,
  forward: async (vae, options) => (await vae.forward(pixels, options)).sample,
  encodeImage: (vae, options) => vae.encodeImage(picture, options),
  decodeImage: async (vae, options) => (await vae.decodeImage(one, options)).data,
};

const ways: Readonly<Record<string, CodingOptions>> = {
  "as a whole": { tiling: "off" },
  "in strips": { tiling: "exact" },
  "in tiles": { tiling: "diffusers" },
  "picture by picture": { tiling: "off", slicing: true },
};

const cases = Object.keys(calls).flatMap((call) => Object.keys(ways).map((way) => [call, way] as const));
/** Each call and each way once, where a real engine computes. */
const fewCases: typeof cases = [
  ["encode", "as a whole"],
  ["decodeImage", "in strips"],
  ["forward", "in tiles"],
  ["decode", "picture by picture"],
];
const reason = new Error("the caller's reason");
const aborted = { code: "ABORTED", cause: reason };

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

const engines: [string, () => Runtime, typeof cases][] = [
  ["without an engine", () => new StandInRuntime(), cases],
  ...Object.entries(runtimes).map(([name, create]): [string, () => Runtime, typeof cases] => [
    `in ${name}`,
    create,
    fewCases,
  ]),
];

describe.each(engines)("%s", (_, createRuntime, casesOf) => {
  const vae = Autoencoder.of(createRuntime());
  afterAll(() => vae.dispose());

  test.each(casesOf)("%s %s: before, from its plan, from its progress, and after", async (name, way) => {
    const call = (options: CodingOptions = {}): Promise<unknown> =>
      calls[name]!(vae, { ...ways[way], ...options });
    const expected = await call();

    await expect(call({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject(aborted);

    const fromPlan = new AbortController();
    const onPlan = (): void => {
      fromPlan.abort(reason);
    };
    await expect(call({ signal: fromPlan.signal, onPlan })).rejects.toMatchObject(aborted);
    expect(listenersOf(fromPlan.signal)).toBe(0);

    const total = await passesOf(call);
    for (const stopAt of momentsOf(total, casesOf === cases)) {
      const controller = new AbortController();
      let told = 0;
      const onProgress = (): void => {
        if (told++ === stopAt) controller.abort(reason);
      };
      const stopped = call({ signal: controller.signal, onProgress });
      // The last thing that is told, the end, comes when everything is done.
      if (stopAt === total - 1) expect(await stopped).toEqual(expected);
      else await expect(stopped).rejects.toMatchObject(aborted);
      expect(told).toBe(stopAt + (isBetweenHalves(name, stopAt, total) ? 2 : 1));
      expect(listenersOf(controller.signal)).toBe(0);
    }

    const late = new AbortController();
    const done = await call({ signal: late.signal });
    expect(listenersOf(late.signal)).toBe(0);
    late.abort(reason);
    expect(done).toEqual(expected);
    expect(await call()).toEqual(expected);
  });

  test("an MLP's rows hear it, too", async () => {
    await using mlp = Mlp.of(createRuntime());
    const rows = Generator.torch(4).randn([3, 6]);
    const signal = AbortSignal.abort(reason);
    await expect(mlp.encode(rows, { signal })).rejects.toMatchObject(aborted);
    await expect(mlp.decode(Generator.torch(4).randn([3, 2]), { signal })).rejects.toMatchObject(aborted);
  });
});

/** How often its progress is told. */
async function passesOf(call: (options: CodingOptions) => Promise<unknown>): Promise<number> {
  let told = 0;
  const onProgress = (): void => {
    told++;
  };
  await call({ onProgress });
  return told;
}

/** All moments of progress; where a real engine computes, the first two, the two around the middle and the last two. */
function momentsOf(total: number, isEach: boolean): number[] {
  const middle = Math.floor(total / 2);
  const few = new Set([0, 1, middle - 1, middle, total - 2, total - 1]);
  return [...Array(total).keys()].filter((moment) => isEach || few.has(moment));
}

/** After the first half of forward, the second one still says that it begins. */
const isBetweenHalves = (name: string, stopAt: number, total: number): boolean =>
  name === "forward" && stopAt === total / 2 - 1;

describe("while the runtime computes", () => {
  test.each(cases)("%s %s ends at once, and leaves no memory of its strips", async (name, way) => {
    const controller = new AbortController();
    let isArmed = false;
    const runtime: StandInRuntime = new StandInRuntime({
      onRun: async () => {
        if (!isArmed) return;
        isArmed = false;
        controller.abort(reason);
        // Would take for ever.
        await new Promise(() => undefined);
      },
    });
    await using vae = Autoencoder.of(runtime);
    const call = (options: CodingOptions = {}): Promise<unknown> =>
      calls[name]!(vae, { ...ways[way], ...options });
    const expected = await call();
    const kept = runtime.workspacesAlive;
    isArmed = true;
    await expect(call({ signal: controller.signal })).rejects.toMatchObject(aborted);
    expect(listenersOf(controller.signal)).toBe(0);
    expect(runtime.workspacesAlive).toBe(Math.max(0, kept - 1));
    const sessions = runtime.alive.length;
    expect(await call()).toEqual(expected);
    expect(runtime.alive.length).toBe(sessions);
    expect(runtime.workspacesAlive).toBe(kept);
  });

  test.each(["off", "exact"] as const)(
    "a call that waits for another one ends at once, and is never begun: tiling %s",
    async (tiling) => {
      let go: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (go = resolve));
      const runtime = new StandInRuntime({ onRun: () => held });
      await using vae = Autoencoder.of(runtime);
      const first = vae.decode(latents, { tiling: "off" });
      const controller = new AbortController();
      const waiting = vae.encode(pixels, { tiling, signal: controller.signal });
      const behind = vae.decode(one, { tiling: "off" });
      await expect.poll(() => runtime.sessions.length).toBe(1);
      controller.abort(reason);
      await expect(waiting).rejects.toMatchObject(aborted);
      expect(listenersOf(controller.signal)).toBe(0);
      go();
      await Promise.all([first, behind]);
      expect(new Set(runtime.sessions.map(({ graph }) => graph.name))).toEqual(
        new Set([runtime.sessions[0]!.graph.name]),
      );
      expect(runtime.workspaces).toEqual([]);
    },
  );

  test("only the aborted one of two calls ends", async () => {
    const vae = Autoencoder.of(new StandInRuntime());
    const controller = new AbortController();
    const first = vae.decode(latents, { signal: controller.signal });
    const second = vae.decode(latents);
    controller.abort(reason);
    await expect(first).rejects.toMatchObject(aborted);
    expect((await second).sample.shape).toEqual([2, 3, 24, 24]);
    await vae.dispose();
  });
});
