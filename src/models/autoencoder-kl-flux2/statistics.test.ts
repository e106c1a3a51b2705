import { describe, expect, it } from "vitest";
import { Tensor } from "../../tensor/tensor.ts";
import { completeFlux2Config } from "./config.ts";
import { flux2Buffers, flux2Scaling } from "./statistics.ts";

const config = completeFlux2Config({ latentChannels: 1, batchNormEps: 0.25 });

const buffers = (mean: readonly number[], variance: readonly number[]): Map<string, Tensor> =>
  new Map([
    ["bn.running_mean", Tensor.from(Float32Array.from(mean), [4])],
    ["bn.running_var", Tensor.from(Float32Array.from(variance), [4])],
  ]);

describe("FLUX.2's statistics", () => {
  it("are a mean and a deviation for each place of a patch, the epsilon under the root", () => {
    expect(flux2Scaling(config, buffers([1, -2, 0, 0.5], [0, 2, 3.75, 6]))).toEqual({
      kind: "patchMeanStd",
      latentChannels: 1,
      mean: [1, -2, 0, 0.5],
      std: [0.5, 1.5, 2, 2.5],
    });
  });

  it.each([
    [
      "bn.running_mean",
      [0, NaN, 0, 0],
      [1, 1, 1, 1],
      "expected a finite mean for each feature of a patch, found NaN at place 2",
    ],
    ["bn.running_mean", [0, 0, 0, -Infinity], [1, 1, 1, 1], "found -Infinity at place 4"],
    [
      "bn.running_var",
      [0, 0, 0, 0],
      [1, 1, -0.5, 1],
      "expected a finite variance of at least 0 for each feature of a patch, found -0.5 at place 3",
    ],
    ["bn.running_var", [0, 0, 0, 0], [Infinity, 1, 1, 1], "found Infinity at place 1"],
  ])("that cannot be are refused: %s of %j and %j", (name, mean, variance, message) => {
    expect(() => flux2Scaling(config, buffers(mean, variance))).toThrow(
      expect.objectContaining({
        code: "INVALID_FILE",
        message: expect.stringMatching(
          new RegExp(`^${name}: .*${message.replaceAll(/[[\].-]/g, "\\$&")}`),
        ) as string,
      }) as Error,
    );
  });

  it("of a fresh model change latents by the epsilon alone", () => {
    const fresh = new Map([...flux2Buffers(config)].map(([name, { fresh }]) => [name, fresh]));
    expect(flux2Scaling(config, fresh)).toMatchObject({
      mean: [0, 0, 0, 0],
      std: Array(4).fill(Math.fround(Math.sqrt(1.25))),
    });
  });
});
