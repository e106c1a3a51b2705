/** Where a model is opened, and what becomes of its calls, with a stand-in for workers. */
import { describe, expect, test } from "vitest";
import { VaekitError } from "../../errors.ts";
import { LostDeviceError } from "../../runtime/web/lost-device.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { EngineParts } from "../../vae/coding-engine.ts";
import type { EnginePlace } from "./open-in-worker.ts";
import type { RequestBody } from "./protocol.ts";
import type { WorkerClient } from "./worker-client.ts";
import { WorkerEngine } from "./worker-engine.ts";

const parts = {
  name: "m",
  model: { className: "C" },
  facts: { spatialFactor: 8 },
  halves: {},
  weights: { parameters: new Map() },
};

/** Answers what it is told to; doubles otherwise. */
function place(device: EnginePlace["device"], errors: Partial<Record<RequestBody["kind"], Error>>) {
  const log: string[] = [];
  const request = (body: RequestBody): Promise<unknown> => {
    log.push(body.kind);
    const error = errors[body.kind];
    if (error !== undefined) return Promise.reject(error);
    if (body.kind !== "code") return Promise.resolve(undefined);
    const { data, shape } = body.x;
    return Promise.resolve({ result: { data: data.map((value) => 2 * value), shape }, device });
  };
  const lease = () => ({
    client: Promise.resolve({ request } as unknown as WorkerClient),
    release: () => log.push("release"),
  });
  return { log, place: { device, lease } };
}

function engineOf(graphics: ReturnType<typeof place>) {
  const processor = place("cpu", {});
  const warnings: string[] = [];
  const engine = new WorkerEngine({
    parts: parts as unknown as EngineParts,
    places: [graphics.place, processor.place],
    processor: processor.place,
    inPage: (reason) => Promise.reject(reason),
    onWarning: (message) => warnings.push(message),
  });
  return { engine, processor, warnings };
}

const x = Tensor.from(Float32Array.of(1, 2), [1, 2]);
const doubled = Tensor.from(Float32Array.of(2, 4), [1, 2]);

describe("a model in a worker", () => {
  test("computes with the graphics processor where that works", async () => {
    const graphics = place("webgpu", {});
    const { engine, processor, warnings } = engineOf(graphics);
    expect(await engine.code("decoder", x, {})).toEqual(doubled);
    expect([engine.device, warnings, processor.log]).toEqual(["webgpu", [], []]);
    await engine.dispose();
    expect(graphics.log).toEqual(["open", "code", "close", "release"]);
  });

  test.each([
    [new VaekitError("UNSUPPORTED", "There is none."), []],
    [
      new VaekitError("RUNTIME", "It computes wrong."),
      ["It computes wrong. The model computes in WebAssembly."],
    ],
  ])("is opened in the next place where the first does not do (%s)", async (error, expected) => {
    const graphics = place("webgpu", { open: error });
    const { engine, warnings } = engineOf(graphics);
    expect(await engine.code("decoder", x, {})).toEqual(doubled);
    expect([engine.device, warnings, graphics.log]).toEqual(["cpu", expected, ["open", "release"]]);
  });

  test("goes on in WebAssembly when the device is lost: every call is repeated, and one warning says so", async () => {
    const graphics = place("webgpu", { code: new LostDeviceError("RUNTIME", "It was lost.") });
    const { engine, processor, warnings } = engineOf(graphics);
    const both = await Promise.all([engine.code("decoder", x, {}), engine.code("decoder", x, {})]);
    expect(both).toEqual([doubled, doubled]);
    expect(engine.device).toBe("cpu");
    expect(warnings).toEqual(["It was lost. The model goes on in WebAssembly."]);
    expect(graphics.log).toEqual(["open", "code", "code", "close", "release"]);
    expect(processor.log).toEqual(["open", "code", "code"]);
  });

  test("hears of other failures", async () => {
    const failure = new VaekitError("RUNTIME", "no such operator");
    const { engine, warnings } = engineOf(place("webgpu", { code: failure }));
    await expect(engine.code("decoder", x, {})).rejects.toBe(failure);
    expect(warnings).toEqual([]);
  });
});
