import { describe, expect, test } from "vitest";
import { joinExtras, sessionHints, weightsFolder } from "../../ort/index.ts";
import { outputTypes, sessionOptions, type SessionWays } from "./session-options.ts";
import type { PlacedWeights } from "./place-weights.ts";

const weights: PlacedWeights = { place: () => ({}) as never, folder: undefined, mapped: [], buffers: [] };
const plain: SessionWays = { threadCount: 0, keepsMemory: false, fuses: false, hints: false };

describe("sessionOptions", () => {
  test("asks for one provider, the extended optimisers and no arena, and is silent", () => {
    expect(sessionOptions("cuda", weights, plain)).toEqual({
      executionProviders: ["cuda"],
      intraOpNumThreads: 0,
      graphOptimizationLevel: "extended",
      enableCpuMemArena: false,
      logSeverityLevel: 4,
      externalData: [],
      extra: joinExtras(),
    });
  });

  test("passes on threads and weights, keeps memory where it is asked to, and leaves fused models as they are", () => {
    const buffers = [{ path: "w", data: new Uint8Array(2) }];
    const ways = { ...plain, threadCount: 3, keepsMemory: true, fuses: true };
    const options = sessionOptions("cpu", { ...weights, buffers }, ways);
    expect(options).toMatchObject({
      executionProviders: ["cpu"],
      intraOpNumThreads: 3,
      graphOptimizationLevel: "disabled",
      enableCpuMemArena: true,
      externalData: buffers,
    });
    expect(options.externalData).not.toBe(buffers);
  });

  test("names the folder of mapped weights beside the hints, each only where it is used", () => {
    const mapped = { ...weights, folder: "/models" };
    const extraOf = (placed: PlacedWeights, hints: boolean) =>
      sessionOptions("cpu", placed, { ...plain, hints }).extra;
    const folder = weightsFolder("/models");
    expect(extraOf(mapped, false)).toEqual(joinExtras(folder));
    expect(extraOf(weights, true)).toEqual(joinExtras(sessionHints));
    expect(extraOf(mapped, true)).toEqual(joinExtras(sessionHints, folder));
    expect(joinExtras(sessionHints)).not.toEqual(joinExtras());
  });
});

test("outputTypes gives dtype and shape by name, and knows of no 16-bit outputs", () => {
  const outputs = [
    { name: "a", dtype: "float32", shape: [2, 3] },
    { name: "b", dtype: "int64", shape: [] },
  ] as const;
  expect(outputTypes({ outputs })).toEqual({
    a: { dtype: "float32", shape: [2, 3] },
    b: { dtype: "int64", shape: [] },
  });
  for (const dtype of ["float16", "bfloat16"]) {
    expect(() => outputTypes({ outputs: [{ name: "a", dtype, shape: [] }] as never })).toThrow(
      `internal: a graph has no ${dtype} output`,
    );
  }
});
