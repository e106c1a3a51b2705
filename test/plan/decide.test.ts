/** At once or in strips: what is decided for graphs that cannot be cut, and for budgets. */
import { afterAll, describe, expect, test } from "vitest";
import { defaultProfile, type Provider } from "../../src/cost/index.ts";
import { GraphBuilder, type Graph, type Value } from "../../src/graph/index.ts";
import type { Half, InputSize } from "../../src/models/index.ts";
import { Decisions, type CodingPlan, type PlanOptions } from "../../src/plan/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { Coder } from "../../src/vae/coder.ts";
import type { Machine } from "../../src/vae/machine.ts";

const machine: Machine = {
  processBytes: () => 1e8,
  availableBytes: () => undefined,
  hasFiles: true,
  costProfile: (provider) => Promise.resolve(defaultProfile(provider, 2)),
};

const convolved = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("Conv", [x, builder.constant(`w${x.shape[1]}`, Tensor.zeros([32, x.shape[1]!, 3, 3]))], {
    strides: [1, 1],
    pads: [1, 1, 1, 1],
  });

/** An encoder that halves its picture by an operator without a rule for rows; a decoder that strips can compute. */
function graphOf(half: Half, { batch, height, width }: InputSize): Graph {
  const builder = new GraphBuilder(half);
  const x = builder.input("x", "float32", [batch, 3, height, width]);
  const whole = convolved(builder, convolved(builder, x));
  if (half === "decoder") return builder.build({ y: whole });
  return builder.build({
    y: builder.apply("AveragePool", [whole], { kernelShape: [2, 2], strides: [2, 2] }),
  });
}

function decisionsOn(provider: Provider): Decisions {
  const device = provider === "wasm" ? "cpu" : provider;
  const profile = defaultProfile(provider, 2);
  return new Decisions({ machine, graphOf, facts: { spatialFactor: 2 }, processBytes: 1e8, device, profile });
}

const size = { batch: 1, height: 256, width: 512 };
const planOf = (provider: Provider, half: Half, options: PlanOptions): CodingPlan =>
  decisionsOn(provider).decide(half, size, options).plan;

describe.each(["cpu", "webgpu"] as const)(
  "a half with an operator that strips do not know, on %s",
  (provider) => {
    test("goes as a whole by itself, as if that had been asked for", () => {
      const auto = planOf(provider, "encoder", { tiling: "auto" });
      expect(auto).toEqual(planOf(provider, "encoder", { tiling: "off" }));
      expect(auto.tiling).toBe("off");
    });

    test("is refused where strips are asked for", () => {
      expect(() => planOf(provider, "encoder", { tiling: "exact" })).toThrow(
        expect.objectContaining({
          code: "UNSUPPORTED",
          message: expect.stringMatching(
            /^exact tiling: AveragePool \(.*\) does not work row by row\.$/,
          ) as string,
        }),
      );
    });

    test("fails where it needs more than is allowed, and says both", () => {
      const decisions = decisionsOn(provider);
      const needed = decisions.decide("encoder", size, { tiling: "auto" }).plan.peakBytes;
      for (const maxMemoryBytes of [needed - 1, 1e6]) {
        const least = Math.ceil((1.05 * needed) / 1e7) * 10;
        const found = Math.floor(maxMemoryBytes / 1e6);
        expect(() => decisions.decide("encoder", size, { tiling: "auto", maxMemoryBytes })).toThrow(
          expect.objectContaining({
            code: "INVALID_ARGUMENT",
            message: `maxMemoryBytes: expected at least ${least} MB for encoding 512x256 as a whole, found ${found} MB. This model cannot be computed in strips, which need less (exact tiling: AveragePool (y) does not work row by row). Allow more memory, or take a smaller picture.`,
          }),
        );
      }
      expect(decisions.decide("encoder", size, { tiling: "auto", maxMemoryBytes: needed }).plan.tiling).toBe(
        "off",
      );
    });
  },
);

test("the other half of such a model still goes in strips where it does not fit as a whole", () => {
  const decisions = decisionsOn("cpu");
  decisions.decide("encoder", size, { tiling: "auto" });
  const whole = decisions.decide("decoder", size, { tiling: "off" }).plan.peakBytes;
  const { plan } = decisions.decide("decoder", size, { tiling: "auto", maxMemoryBytes: whole - 1 });
  expect(plan.tiling).toBe("exact");
  expect(plan.peakBytes).toBeLessThan(whole);
});

test("a picture larger than the buffers of a graphics processor is tried as a whole where strips are unknown", () => {
  const large = { batch: 1, height: 4096, width: 4096 };
  const decide = (half: Half) => decisionsOn("webgpu").decide(half, large, { tiling: "auto" }).plan.tiling;
  expect([decide("encoder"), decide("decoder")]).toEqual(["off", "exact"]);
});

describe("a coder", () => {
  const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
  const coder = new Coder({ runtime, machine, graphOf: averaging, facts: { spatialFactor: 2 } });
  afterAll(async () => {
    await coder.dispose();
    await runtime.dispose();
  });

  /** Means of 2x2 pixels. */
  function averaging(half: Half, { batch, height, width }: InputSize): Graph {
    const builder = new GraphBuilder(half);
    const x = builder.input("x", "float32", [batch, 1, height, width]);
    return builder.build({ y: builder.apply("AveragePool", [x], { kernelShape: [2, 2], strides: [2, 2] }) });
  }

  test("computes what only goes as a whole, on tiling auto", async () => {
    const x = Generator.philox(4).randn([2, 1, 4, 6]);
    const plans: string[] = [];
    const y = await coder.code("encoder", x, { onPlan: ({ tiling }) => plans.push(tiling) });
    expect(plans).toEqual(["off"]);
    const at = (picture: number, row: number, column: number): number =>
      x.data[(picture * 4 + row) * 6 + column]!;
    const expected = Array.from({ length: 12 }, (_, index) => {
      const [picture, row, column] = [
        Math.floor(index / 6),
        2 * Math.floor((index % 6) / 3),
        2 * (index % 3),
      ];
      const [top, below] = [at(picture, row, column), at(picture, row + 1, column)];
      return (top + below + at(picture, row, column + 1) + at(picture, row + 1, column + 1)) / 4;
    });
    // Sums of four numbers round by 1e-7 of their size.
    expect(y).toBeAllclose(Tensor.from(Float32Array.from(expected), [2, 1, 2, 3]), { absolute: 1e-6 });
  });
});
