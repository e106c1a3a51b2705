/** -log p(x|z) with a scale and all its gradients against PyTorch's, in double precision: tools/reference/likelihoods.py. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GraphBuilder, Value } from "../../src/graph/index.ts";
import { iwaeMlpVae, mlpDecoder, mlpEncoder, type MlpVaeConfig } from "../../src/models/mlp-vae/graph.ts";
import type { PixelLikelihood, ScaledPixels } from "../../src/models/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import {
  bitsPerDimension,
  iwaeBound,
  logImportanceWeights,
  logLikelihood,
  reconstructionError,
  pixelLikelihood,
  vaeBound,
  type PictureLikelihood,
} from "../../src/train/losses/index.ts";
import type { Tolerance } from "../matchers.ts";
import { readGoldens } from "../conformance/fixtures.ts";
import { contextOf, gradientsOfSum, runGraph } from "./run-graph.ts";

const goldens = readGoldens("training/likelihoods.safetensors");
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const level = 1 / 255;
const scaledOf = (kind: string): ScaledPixels => {
  const [distribution, scale] = kind.split("/") as [ScaledPixels["distribution"], ScaledPixels["scale"]];
  return { distribution, scale, initialScale: 0.25, minScale: scale === "fixed" ? null : level, levels: 256 };
};

const likelihoodOf = (kind: string): PixelLikelihood =>
  kind === "categorical/5" ? { distribution: "categorical", levels: 5 } : scaledOf(kind);

describe.each([
  "normal/fixed",
  "normal/shared",
  "normal/per_value",
  "normal/optimal",
  "discretized_logistic/shared",
  "discretized_logistic/per_value",
  "categorical/5",
])("a decoder of %s", (kind) => {
  const likelihood = likelihoodOf(kind);
  const config: MlpVaeConfig = {
    ...iwaeMlpVae,
    inputSize: 12,
    hiddenSizes: [5, 4],
    latentSize: 3,
    pixels: likelihood,
  };
  const bounds = ["vae", "iwae"] as const;
  const trained = goldens.names
    .filter((name) => name.startsWith(`${kind}/iwae.grad.`))
    .map((name) => name.slice(`${kind}/iwae.grad.`.length));

  let outputs: Record<string, Tensor>;
  beforeAll(async () => {
    // A last layer of many levels is its kind's own.
    const ownOf = (name: string): string =>
      goldens.names.includes(`${kind}/${name}`) ? `${kind}/${name}` : name;
    const inputs = Object.fromEntries(
      [...trained, "x", "noise"].map((name) => [name, goldens.get(ownOf(name))]),
    );
    outputs = await runGraph(runtime, inputs, (builder, values) => {
      const context = contextOf(builder, values);
      const weights = logImportanceWeights(builder, {
        x: values.x!,
        posterior: mlpEncoder(context, config, values.x!),
        noise: values.noise!,
        logLikelihood: (z, x) =>
          logLikelihood(builder, { ...likelihood, range: "unit" }, mlpDecoder(context, config, z), x).value,
      });
      const wrt = Object.fromEntries(trained.map((name) => [name, values[name]!]));
      const found: Record<string, Value> = { log_likelihood: weights.logLikelihood };
      for (const bound of bounds) {
        const value = (bound === "vae" ? vaeBound : iwaeBound)(builder, weights.logWeights);
        found[bound] = value;
        for (const [name, gradient] of Object.entries(gradientsOfSum(builder, value, wrt)))
          found[`${bound}.${name}`] = gradient;
      }
      return found;
    });
  });

  test("has a parameter for its scale where that is learned", () => {
    const counts = { fixed: 0, optimal: 0, shared: 1, per_channel: NaN, per_value: 2 };
    const count = "scale" in likelihood ? counts[likelihood.scale] : 0;
    expect(trained.filter((name) => name.startsWith("likelihood.scale"))).toHaveLength(count);
    expect(trained).toHaveLength(14 + count);
  });

  // float32 through four layers: a unit of log p(x|z) is a sum of 12 values of up to a hundred.
  const within: Tolerance = { absolute: 1e-4, relative: 1e-5 };

  test.each(["log_likelihood", ...bounds])("has PyTorch's %s", (name) => {
    expect(outputs[name]).toBeAllclose(goldens.get(`${kind}/${name}`), within);
  });

  test.each(bounds)("has PyTorch's gradient of the %s bound at every parameter", (bound) => {
    for (const name of trained) {
      const golden = goldens.get(`${kind}/${bound}.grad.${name}`);
      const size = golden.toFloat32().data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(outputs[`${bound}.grad.${name}`]).toBeAllclose(golden, { absolute: 1e-4 * size });
    }
  });
});

test("a scale for each channel is PyTorch's, and so are its gradients", async () => {
  const likelihood: PictureLikelihood = {
    distribution: "normal",
    scale: "per_channel",
    initialScale: 0.5,
    minScale: 2 / 255,
    levels: null,
    range: "signed",
  };
  const inputs = Object.fromEntries(
    ["x", "mean", "u"].map((name) => [name, goldens.get(`channels/${name}`)]),
  );
  const outputs = await runGraph(runtime, inputs, (builder, { x, mean, u }) => {
    const scale = builder.apply("Reshape", [u!], { shape: [3, 1, 1] });
    const { nll } = pixelLikelihood(builder, likelihood, { mean: mean!, scale }, x!);
    return { nll, ...gradientsOfSum(builder, nll, { mean: mean!, u: u! }) };
  });
  const within = { absolute: 1e-4, relative: 1e-5 };
  expect(outputs.nll).toBeAllclose(goldens.get("channels/nll"), within);
  for (const name of ["mean", "u"]) {
    expect(outputs[`grad.${name}`]).toBeAllclose(goldens.get(`channels/nll.grad.${name}`), within);
  }
});

describe("a normal density of fixed deviation", () => {
  const [x, mean] = [goldens.get("channels/x"), goldens.get("channels/mean")];
  const gradientsWith = async (initialScale: number): Promise<Record<string, Tensor>> =>
    runGraph(runtime, { x, mean }, (builder, values) => {
      const likelihood: PictureLikelihood = {
        ...scaledOf("normal/fixed"),
        initialScale,
        range: "signed",
      };
      const { nll } = pixelLikelihood(builder, likelihood, { mean: values.mean! }, values.x!);
      const mse = reconstructionError(builder, "mse", values.mean!, values.x!);
      const wrt = { mean: values.mean! };
      return {
        nll: gradientsOfSum(builder, nll, wrt)["grad.mean"]!,
        mse: gradientsOfSum(builder, mse, wrt)["grad.mean"]!,
      };
    });
  const scaled = (tensor: Tensor, factor: number): Tensor =>
    Tensor.from(
      tensor.toFloat32().data.map((value) => value * factor),
      tensor.shape,
    );

  test("has the gradient of the squared error, to the last bit, over 2σ² where that is a power of two", async () => {
    const { nll, mse } = await gradientsWith(0.25);
    expect(nll).toBeAllclose(scaled(mse!, 1 / (2 * 0.25 ** 2)), { absolute: 0 });
  });

  test("has it up to rounding for any other σ", async () => {
    const { nll, mse } = await gradientsWith(0.3);
    expect(nll).toBeAllclose(scaled(mse!, 1 / (2 * 0.3 ** 2)), { absolute: 0, relative: 1e-6 });
  });
});

describe("the discretised logistic distribution", () => {
  const likelihood: PictureLikelihood = { ...scaledOf("discretized_logistic/fixed"), range: "unit" };
  const nllOf = async (
    x: readonly number[],
    mean: readonly number[],
    scale: number,
  ): Promise<{ nll: number[]; gradient: number[] }> => {
    const column = (values: readonly number[]): Tensor =>
      Tensor.from(Float32Array.from(values), [values.length, 1]);
    const outputs = await runGraph(runtime, { x: column(x), mean: column(mean) }, (builder, values) => {
      const { nll } = pixelLikelihood(
        builder,
        { ...likelihood, initialScale: scale },
        { mean: values.mean! },
        values.x!,
      );
      return { nll, ...gradientsOfSum(builder, nll, { mean: values.mean! }) };
    });
    return {
      nll: [...outputs.nll!.toFloat32().data],
      gradient: [...outputs["grad.mean"]!.toFloat32().data],
    };
  };
  const levels = Array.from({ length: 256 }, (_, k) => k / 255);

  test.each([
    [0.3, 0.02],
    [0.999, 0.2],
    [-1, 0.5],
    [0.5, 0.0005],
  ])("has probabilities that sum to 1, of mean %f and scale %f", async (mean, scale) => {
    const { nll } = await nllOf(
      levels,
      levels.map(() => mean),
      scale,
    );
    // 256 terms, each rounded to 2^-24 of its logarithm, which is at most a thousand where it counts.
    expect(nll.reduce((sum, each) => sum + Math.exp(-each), 0)).toBeCloseTo(1, 4);
  });

  test("stays finite, and pulls the mean, where its probability is 0 in float32", async () => {
    const { nll, gradient } = await nllOf([0, 0.2, 1], [1, 1, 0], 1e-3);
    // The tail of a logistic distribution falls by one in each scale: 998, 798.04 + log(1/(1 - e^-3.92)), 998.
    expect(nll).toBeAllclose([998.039, 798.059, 998.039], { absolute: 0.01 });
    expect(gradient).toBeAllclose([1000, 1000, -1000], { relative: 1e-4 });
  });
});

describe("bits for each value", () => {
  const bitsOf = async (likelihood: PictureLikelihood, nats: number): Promise<number> => {
    const input = Tensor.from(Float32Array.of(nats), [1]);
    const outputs = await runGraph(runtime, { input }, (builder: GraphBuilder, values) => ({
      bits: bitsPerDimension(builder, likelihood, values.input!, 2),
    }));
    return Number(outputs.bits!.data[0]);
  };
  const normal: PictureLikelihood = { ...scaledOf("normal/shared"), range: "unit" };

  test("of a uniform density over 256 levels are 8, whatever the range", async () => {
    // A density of 255/256 on [-½ level, 1 + ½ level], and of half of it in [-1, 1].
    const nats = 2 * Math.log(256 / 255);
    expect(await bitsOf(normal, nats)).toBeCloseTo(8, 5);
    expect(await bitsOf({ ...normal, range: "signed" }, nats + 2 * Math.LN2)).toBeCloseTo(8, 5);
  });

  test("are not corrected for continuous values, or for probabilities", async () => {
    expect(await bitsOf({ ...normal, levels: null }, 2 * Math.LN2)).toBeCloseTo(1, 6);
    const logistic = { ...normal, distribution: "discretized_logistic" } as const;
    expect(await bitsOf(logistic, 2 * Math.LN2)).toBeCloseTo(1, 6);
  });
});

describe("a categorical distribution", () => {
  const likelihood: PictureLikelihood = { distribution: "categorical", levels: 3, range: "signed" };
  const nllOf = async (x: readonly number[], logits: readonly number[]): Promise<number[]> => {
    const tensors = {
      x: Tensor.from(Float32Array.from(x), [x.length, 1]),
      mean: Tensor.zeros([x.length, 1]),
      logits: Tensor.from(Float32Array.from(x.flatMap(() => [...logits])), [x.length, 1, 3]),
    };
    const outputs = await runGraph(runtime, tensors, (builder, values) =>
      pick(
        pixelLikelihood(builder, likelihood, { mean: values.mean!, levelLogits: values.logits! }, values.x!),
      ),
    );
    return [...outputs.nll!.toFloat32().data];
  };
  const pick = ({ nll }: { readonly nll: Value }): { nll: Value } => ({ nll });

  test("takes the level that is nearest, and the last one for what lies beyond", async () => {
    const logs = [0.5, 0.2, 0.3].map((each) => -Math.log(each));
    const found = await nllOf([-1.7, -1, -0.6, -0.4, 0, 0.4, 0.6, 1, 3], [0.5, 0.2, 0.3].map(Math.log));
    const [low, middle, high] = logs as [number, number, number];
    expect(found).toBeAllclose([low, low, low, middle, middle, middle, high, high, high], { absolute: 1e-6 });
  });

  test("stays finite where a level's probability is 0 in float32", async () => {
    expect(await nllOf([-1, 1], [0, 0, 500])).toBeAllclose([500, 0], { absolute: 1e-4 });
  });
});

test("a mean of another shape than the picture is refused", () => {
  const shapes = { x: Tensor.zeros([2, 3]), mean: Tensor.zeros([2, 1]) };
  const likelihood: PictureLikelihood = { ...scaledOf("normal/fixed"), range: "unit" };
  return expect(
    runGraph(runtime, shapes, (builder, { x, mean }) => ({
      nll: pixelLikelihood(builder, likelihood, { mean: mean! }, x!).nll,
    })),
  ).rejects.toThrow("normal: expected two values of one shape, found mean [2, 1] and x [2, 3].");
});
