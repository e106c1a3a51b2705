import { expect, test } from "vitest";
import type { ModelFacts } from "../models/index.ts";
import type { CodingEngine } from "./coding-engine.ts";
import { checkWarmUpOptions, warmUp, type WarmUpOptions } from "./warm-up.ts";

/** The halves that are run, and with which shapes. */
async function shapesOf(facts: object, options: WarmUpOptions = {}): Promise<unknown[]> {
  const asked: unknown[] = [];
  const engine = {
    code: (half: string, { shape }: { shape: unknown }) => Promise.resolve(asked.push([half, shape])),
  };
  await warmUp(engine as unknown as CodingEngine, ["encoder", "decoder"], facts as ModelFacts, options);
  return asked;
}

const planes = { inChannels: 3, latentChannels: 16, layout: "planes", spatialFactor: 8 };

test("both halves take the picture that was named, or one of 128 pixels", async () => {
  expect(await shapesOf(planes)).toEqual([
    ["encoder", [1, 3, 128, 128]],
    ["decoder", [1, 16, 16, 16]],
  ]);
  expect((await shapesOf(planes, { size: 32 }))[1]).toEqual(["decoder", [1, 16, 4, 4]]);
});

test("sides are rounded up to those that the model can have, and rows have none", async () => {
  expect((await shapesOf({ ...planes, pictureMultiple: 16 }, { size: 50 }))[1]).toEqual([
    "decoder",
    [1, 16, 8, 8],
  ]);
  expect(await shapesOf({ ...planes, layout: "rows", inChannels: 784 })).toEqual([
    ["encoder", [1, 784]],
    ["decoder", [1, 16]],
  ]);
});

test("options are checked", () => {
  expect(() => {
    checkWarmUpOptions({ size: 0 });
  }).toThrow("warmUp: size:");
});
