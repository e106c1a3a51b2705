import { expect, test } from "vitest";
import { Tensor } from "../../tensor/tensor.ts";
import type { Runtime } from "../runtime.ts";
import { compareRuntimes } from "./self-test.ts";

/** Gives these numbers, whatever is asked. */
function runtimeOf(...values: number[]): Runtime {
  const y = Tensor.from(Float32Array.from(values), [values.length]);
  const session = { run: () => Promise.resolve({ y }), dispose: () => Promise.resolve() };
  return { createSession: () => Promise.resolve(session) } as unknown as Runtime;
}

test.each([[[1, 2]], [[1.0009, 2]], [[1, 1.9991]]])("%j are as good as 1 and 2", async (found) => {
  await compareRuntimes(runtimeOf(...found), runtimeOf(1, 2));
});

test.each([
  [[1.002, 2], "0.00"],
  [[0, 0], "2"],
  [[NaN, 2], "NaN"],
  [[1, NaN], "NaN"],
  [[Infinity, 2], "Infinity"],
])("%j are not", async (found, difference) => {
  await expect(compareRuntimes(runtimeOf(...found), runtimeOf(1, 2))).rejects.toMatchObject({
    code: "RUNTIME",
    message: expect.stringContaining(`(largest difference of a test picture: ${difference}`) as string,
  });
});
