/** Every loss and its gradient against PyTorch: tools/reference/training_losses.py. */
import { afterAll, describe, expect, test } from "vitest";
import type { GraphBuilder, Value } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { adaptiveWeight, discriminatorLoss, generatorLoss } from "../../src/train/losses/adversarial.ts";
import { klPerChannel, klPerExample, klWithFreeBits } from "../../src/train/losses/kl.ts";
import { samplePosterior, splitMoments } from "../../src/train/losses/posterior.ts";
import {
  negativeLogLikelihood,
  reconstructionError,
  weightedSum,
  withPerceptual,
} from "../../src/train/losses/reconstruction.ts";
import { reduceExamples } from "../../src/train/losses/reduction.ts";
import type { Tolerance } from "../matchers.ts";
import { readGoldens } from "../conformance/fixtures.ts";
import { gradientsOfSum, runGraph } from "./run-graph.ts";

/** Sums of at most 60 float32 terms in another order than PyTorch's, through exp and log of another library. */
const tolerance: Tolerance = { absolute: 2e-6, relative: 2e-6 };

const goldens = readGoldens("training/losses.safetensors");
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

/** Compares a loss of the golden inputs `names`, and its gradients, with the golden `loss`. */
async function expectGolden(
  loss: string,
  names: readonly string[],
  build: (builder: GraphBuilder, values: Readonly<Record<string, Value>>) => Value,
  within = tolerance,
): Promise<void> {
  const inputs = Object.fromEntries(names.map((name) => [name, goldens.get(name)]));
  const active = names.filter((name) => goldens.has(`${loss}.grad.${name}`));
  const outputs = await runGraph(runtime, inputs, (builder, values) => {
    const value = build(builder, values);
    const wrt = Object.fromEntries(active.map((name) => [name, values[name]!]));
    return { value, ...gradientsOfSum(builder, value, wrt) };
  });
  expect(outputs.value).toBeAllclose(goldens.get(loss), within);
  expect(active.length).toBeGreaterThan(0);
  for (const name of active) {
    expect(outputs[`grad.${name}`]).toBeAllclose(goldens.get(`${loss}.grad.${name}`), within);
  }
}

describe("the reconstruction error", () => {
  test.each(["mse", "l1", "bce"] as const)("%s is PyTorch's, and so is its gradient", (kind) =>
    expectGolden(kind, ["y", "x"], (builder, { x, y }) => reconstructionError(builder, kind, y!, x!)),
  );
});

describe("LDM's likelihood", () => {
  const build =
    (reduction: "ldm" | "mean") =>
    (builder: GraphBuilder, values: Readonly<Record<string, Value>>): Value => {
      const { x, y, s, perceptual } = values;
      const errors = reconstructionError(builder, "l1", y!, x!);
      const both = withPerceptual(builder, errors, perceptual!, { perceptualWeight: 0.7, picture: x! });
      const valueCount = sizeOf(x!.shape.slice(1));
      const nll = negativeLogLikelihood(builder, both, s!, valueCount);
      return reduceExamples(builder, nll, reduction, valueCount);
    };

  test("adds LPIPS to every pixel, scales by the learned log-variance, and sums over pixels", () =>
    expectGolden("nll_ldm", ["x", "y", "s", "perceptual"], build("ldm")));

  test("is divided by the number of values under the mean reduction", () =>
    expectGolden("nll_mean", ["x", "y", "s", "perceptual"], build("mean")));
});

describe("the divergence from the prior", () => {
  /** exp(20) is 5e8: sums with it keep float32's relative precision only. */
  const within: Tolerance = { absolute: 2e-6, relative: 4e-6 };

  test("of each example is PyTorch's, with no gradient where the log-variance is clipped", () =>
    expectGolden(
      "kl",
      ["moments"],
      (builder, { moments }) => klPerExample(builder, splitMoments(builder, moments!)),
      within,
    ));

  test("of each channel is PyTorch's", () =>
    expectGolden(
      "kl_channels",
      ["moments"],
      (builder, { moments }) => klPerChannel(builder, splitMoments(builder, moments!)),
      within,
    ));

  test("with free bits has no gradient in a channel below them", () =>
    expectGolden(
      "kl_free",
      ["moments"],
      (builder, { moments }) => klWithFreeBits(builder, splitMoments(builder, moments!), 100),
      within,
    ));
});

test("a posterior's sample is mean + std · noise, and passes gradients to both", () =>
  expectGolden("sample", ["moments", "noise"], (builder, { moments, noise }) =>
    samplePosterior(builder, splitMoments(builder, moments!), noise!),
  ));

describe("the adversarial losses", () => {
  test.each(["hinge", "vanilla"] as const)("%s is PyTorch's for the discriminator", (kind) =>
    expectGolden(kind, ["real", "fake"], (builder, { real, fake }) =>
      discriminatorLoss(builder, kind, real!, fake!),
    ),
  );

  test("the generator's is minus the mean logit", () =>
    expectGolden("generator", ["fake"], (builder, { fake }) => generatorLoss(builder, fake!)));

  test.each(["adaptive", "adaptive_limited"])("the %s weight is LDM's", async (name) => {
    const inputs = { nll: goldens.get(`${name}.nll`), adversarial: goldens.get(`${name}.adversarial`) };
    const outputs = await runGraph(runtime, inputs, (builder, { nll, adversarial }) => ({
      weight: adaptiveWeight(builder, nll!, adversarial!, 0.5),
    }));
    expect(outputs.weight).toBeAllclose(goldens.get(name), tolerance);
  });
});

test("a weighted sum leaves out terms of weight 0", async () => {
  const one = Tensor.from(Float32Array.of(1, 2), [2]);
  const nothing = Tensor.from(Float32Array.of(NaN, NaN), [2]);
  const outputs = await runGraph(runtime, { one, nothing }, (builder, values) => ({
    sum: weightedSum(builder, [
      { weight: 3, value: values.one! },
      { weight: 0, value: values.nothing! },
      { weight: 1, value: values.one! },
    ]),
  }));
  expect(outputs.sum).toBeAllclose(Tensor.from(Float32Array.of(4, 8), [2]), { absolute: 0 });
});
