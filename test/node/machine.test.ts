/** What is around a model in Node: the machine as the planner sees it, whom it warns, and what computes it. */
import { availableParallelism } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { defaultProfile } from "../../src/cost/index.ts";
import { profileKey, profilePath, saveProfile } from "../../src/cost/node/index.ts";
import { thisMachine } from "../../src/node/machine.ts";
import { openRuntime } from "../../src/node/open-runtime.ts";
import { describePlans } from "../../src/node/tune/index.ts";
import { warner } from "../../src/node/warner.ts";
import { LentRuntime } from "../../src/runtime/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { temporaryFolder } from "../cli/run-cli.ts";
import { Autoencoder, runtimes } from "../small-models.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());
beforeEach(() => {
  vi.stubEnv("XDG_CACHE_HOME", folder.path);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const native = { name: "onnxruntime-node", threadCount: 3 };
const nobody = (message: string): void => expect.unreachable(message);

describe("the machine", () => {
  test("has temporary files for the native runtime alone", () => {
    expect(thisMachine(native, nobody).hasFiles).toBe(true);
    expect(thisMachine({ name: "onnxruntime-web" }, nobody).hasFiles).toBe(false);
  });

  test("says what the process holds, and what is free", () => {
    const machine = thisMachine(native, nobody);
    const heldBytes = process.memoryUsage.rss();
    expect(machine.processBytes()! / heldBytes).toBeGreaterThan(0.5);
    expect(machine.processBytes()! / heldBytes).toBeLessThan(2);
    expect(machine.availableBytes()).toBeGreaterThan(2 ** 20);
  });

  test("has the prices that were measured with as many threads as the runtime has", async () => {
    const measured = { ...defaultProfile("cpu", 3), run: 0.125 };
    await saveProfile(profileKey("cpu", 3), measured);
    const all = { ...defaultProfile("cpu", availableParallelism()), run: 0.25 };
    if (availableParallelism() !== 3) await saveProfile(profileKey("cpu", availableParallelism()), all);
    expect(await thisMachine(native, nobody).costProfile("cpu")).toMatchObject({ run: 0.125 });
    for (const runtime of [{ name: "onnxruntime-node", threadCount: 0 }, { name: "onnxruntime-node" }]) {
      const { run } = await thisMachine(runtime, nobody).costProfile("cpu");
      expect(run).toBe(availableParallelism() === 3 ? 0.125 : 0.25);
    }
    const other = await thisMachine({ ...native, threadCount: 5 }, nobody).costProfile("cpu");
    expect(other).toEqual(defaultProfile("cpu", 5));
  });

  test("warns of prices that cannot be read", async () => {
    const { writeFile } = await import("node:fs/promises");
    await saveProfile(profileKey("cpu", 3), defaultProfile("cpu", 3));
    await writeFile(profilePath(), "{");
    const warnings: string[] = [];
    await thisMachine(native, (message) => warnings.push(message)).costProfile("cpu");
    expect(warnings).toEqual([expect.stringContaining("Using the default prices.")]);
  });
});

describe("plans", () => {
  test("are described at the prices of this machine, and say whether they were measured", async () => {
    vi.stubEnv("XDG_CACHE_HOME", `${folder.path}/plans`);
    await using vae = Autoencoder.of(runtimes.Node!());
    const work = { half: "decoder", width: 16, height: 32 } as const;
    const before = await describePlans(vae, work);
    expect(before).toMatchObject({
      ...work,
      prices: "default",
      provider: "cpu",
      threadCount: 1,
      chosen: { half: "decoder", device: "cpu" },
    });
    const prices = defaultProfile("cpu", 1);
    const dear = { ...prices, direct: { ...prices.direct, flop: 1000 * prices.direct.flop }, tiles: {} };
    await saveProfile(profileKey("cpu", 1), dear);
    const after = await describePlans(vae, work);
    expect(after.prices).toBe("measured");
    expect(after.whole.seconds).toBeGreaterThan(10 * before.whole.seconds);
    expect(after.exact!.seconds).toBeGreaterThan(2 * before.exact!.seconds);
  });

  test("of an encoder are for the picture's size, and of a decoder for its latents", async () => {
    await using vae = Autoencoder.of(runtimes.Node!());
    const encoder = await describePlans(vae, { half: "encoder", width: 16, height: 32 });
    expect(encoder.chosen).toMatchObject({ half: "encoder" });
    expect(encoder.whole.layers[0]!.name).toContain("encoder.conv_in");
    for (const size of [
      { width: 15, height: 16 },
      { width: 16, height: 15 },
    ]) {
      await expect(describePlans(vae, { half: "encoder", ...size })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: `size: expected multiples of 2 for this model, found ${size.width}x${size.height}.`,
      });
    }
  });
});

describe("warnings", () => {
  test("go to whom the caller names, else to the process, on one line", async () => {
    const heard: string[] = [];
    warner({ onWarning: (message) => heard.push(message) })("odd");
    expect(heard).toEqual(["odd"]);
    const emitted = new Promise<Error>((resolve) => process.once("warning", resolve));
    warner({})("odd\nindeed");
    expect(await emitted).toMatchObject({ name: "VaekitWarning", message: "odd\\nindeed" });
  });
});

describe("the runtime of a model", () => {
  test("is lent where it is given, so that the model does not end it", async () => {
    await using given = new NodeRuntime({ device: "cpu" });
    const lent = openRuntime({ runtime: given }, nobody);
    expect(lent).toBeInstanceOf(LentRuntime);
    await lent.dispose();
    expect(await given.resolve()).toBe("cpu");
  });

  test("is a native one of the device and the threads that are asked for", async () => {
    const runtime = openRuntime({ device: "cpu", threadCount: 2 }, nobody);
    expect(runtime).toBeInstanceOf(NodeRuntime);
    expect(runtime).toMatchObject({ name: "onnxruntime-node", threadCount: 2 });
    expect(await runtime.resolve()).toBe("cpu");
    const standard = openRuntime({}, nobody);
    expect(standard).toMatchObject({ threadCount: 0 });
    await Promise.all([runtime.dispose(), standard.dispose()]);
  });
});
