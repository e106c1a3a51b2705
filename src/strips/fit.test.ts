import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { VaekitError } from "../errors.ts";
import { compileStrips } from "./compile.ts";
import { fitToBudget, type FitOptions, type FittedProgram } from "./fit.ts";

/** Two convolutions over 512 x 512 pixels, each after a sum with an earlier map, so that maps wait for each other. */
function graph(): Graph {
  const builder = new GraphBuilder("small");
  const input = builder.input("x", "float32", [1, 16, 512, 512]);
  const conv = (x: Value, name: string): Value =>
    builder.apply("Conv", [x, builder.constant(name, Tensor.zeros([16, 16, 3, 3]))], {
      strides: [1, 1],
      pads: [1, 1, 1, 1],
    });
  let x = input;
  const earlier = [x];
  for (let layer = 0; layer < 4; layer++) {
    x = conv(x, `w${layer}`);
    earlier.push(x);
  }
  for (const other of earlier) x = conv(builder.apply("Add", [x, other], {}), "again");
  return builder.build({ y: x });
}

const small = graph();
const compile = (stripElements: number) =>
  compileStrips(small, { stripElements, chooseTile: () => undefined });

/** The process and its sessions count for nothing here, so that the strips decide. */
const options = (maxMemoryBytes?: number): FitOptions => ({
  ...(maxMemoryBytes === undefined ? {} : { maxMemoryBytes }),
  canSpill: true,
  stripElements: 2 ** 20,
  what: "decoding 512x512",
  processBytes: 0,
});

const fit = (maxMemoryBytes?: number): FittedProgram => fitToBudget(compile, options(maxMemoryBytes));
const peakOf = ({ estimate }: FittedProgram): number => estimate.peakBytes;

/** The error of a budget that cannot work, and the least one that it names. */
function refusal(maxMemoryBytes: number, canSpill = true): { message: string; leastBytes: number } {
  try {
    fitToBudget(compile, { ...options(maxMemoryBytes), canSpill });
  } catch (error) {
    if (!(error instanceof VaekitError) || error.code !== "INVALID_ARGUMENT") throw error;
    return { message: error.message, leastBytes: Number(/at least (\d+) MB/.exec(error.message)?.[1]) * 1e6 };
  }
  throw new Error("expected a refusal");
}

describe("a program and a budget", () => {
  test("without a limit is as it was compiled", () => {
    const fitted = fit();
    expect(fitted).toMatchObject({ stripElements: 2 ** 20, spilledMaps: 0, estimate: { fileBytes: 0 } });
    expect(fitted.program.operations.length).toBe(compile(2 ** 20).operations.length);
  });

  test("keeps to every budget down to the least that works, in smaller strips and through a file", () => {
    const whole = fit();
    const { leastBytes } = refusal(1e5);
    expect(leastBytes).toBeLessThan(peakOf(whole));
    const seen = new Set<string>();
    for (let step = 0; step <= 20; step++) {
      const budget = leastBytes + ((peakOf(whole) - leastBytes) * step) / 20;
      const fitted = fit(budget);
      expect(peakOf(fitted)).toBeLessThanOrEqual(budget);
      expect(fitted.estimate.fileBytes > 0).toBe(fitted.spilledMaps > 0);
      seen.add(
        `${fitted.stripElements < 2 ** 20 ? "small" : "large"} ${fitted.spilledMaps > 0 ? "file" : "memory"}`,
      );
    }
    expect(seen).toContain("large memory");
    expect(seen).toContain("small file");
  });

  test("says the least that works when it is too small", () => {
    const { message } = refusal(3e5);
    expect(message).toMatch(/^maxMemoryBytes: expected at least \d+ MB for decoding 512x512, found 0 MB\. /);
  });

  test("needs more where there is no file", () => {
    const { leastBytes } = refusal(1e5, false);
    const fitted = fitToBudget(compile, { ...options(leastBytes), canSpill: false });
    expect(fitted.spilledMaps).toBe(0);
    expect(refusal(1e5).leastBytes).toBeLessThanOrEqual(leastBytes);
  });
});
