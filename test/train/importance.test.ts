/** The bounds of the IWAE paper's model and all their gradients against PyTorch, on a model of 12-5-4-3. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { iwaeMlpVae, mlpDecoder, mlpEncoder, type MlpVaeConfig } from "../../src/models/mlp-vae/graph.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import {
  combineLogSums,
  iwaeBound,
  logBernoulli,
  logImportanceWeights,
  logSumOfWeights,
  vaeBound,
} from "../../src/train/losses/importance.ts";
import type { Tolerance } from "../matchers.ts";
import { readGoldens } from "../conformance/fixtures.ts";
import { contextOf, gradientsOfSum, runGraph } from "./run-graph.ts";

/** float32 through four layers and tanh, against another library's order of sums. */
const tolerance: Tolerance = { absolute: 1e-5, relative: 1e-5 };

const config: MlpVaeConfig = { ...iwaeMlpVae, inputSize: 12, hiddenSizes: [5, 4], latentSize: 3 };
const goldens = readGoldens("training/importance.safetensors");
const parameterNames = goldens.names.filter((name) => /^(en|de)coder\.\w+\.(weight|bias)$/.test(name));
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

let outputs: Record<string, Tensor>;
beforeAll(async () => {
  const inputs = Object.fromEntries(
    [...parameterNames, "x", "noise"].map((name) => [name, goldens.get(name)]),
  );
  outputs = await runGraph(runtime, inputs, (builder, values) => {
    const context = contextOf(builder, values);
    const posterior = mlpEncoder(context, config, values.x!);
    const { logWeights, logLikelihood } = logImportanceWeights(builder, {
      x: values.x!,
      posterior,
      noise: values.noise!,
      logLikelihood: (z, x) => logBernoulli(builder, mlpDecoder(context, config, z).mean, x),
    });
    const vae = vaeBound(builder, logWeights);
    const iwae = iwaeBound(builder, logWeights);
    const wrt = Object.fromEntries(parameterNames.map((name) => [name, values[name]!]));
    const prefixed = (prefix: string, record: typeof wrt): typeof wrt =>
      Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}.${name}`, value]));
    return {
      ...posterior,
      log_weights: logWeights,
      likelihood: logLikelihood,
      log_sum: logSumOfWeights(builder, logWeights),
      vae,
      iwae,
      ...prefixed("vae", gradientsOfSum(builder, vae, wrt)),
      ...prefixed("iwae", gradientsOfSum(builder, iwae, wrt)),
    };
  });
});

describe("the importance-weighted model", () => {
  test("has all parameters of the fixture", () => {
    expect(parameterNames).toHaveLength(14);
  });

  test.each(["mean", "logvar", "log_weights", "likelihood", "vae", "iwae"])("has PyTorch's %s", (name) => {
    expect(outputs[name]).toBeAllclose(goldens.get(name), tolerance);
  });

  test.each(["vae", "iwae"])("has PyTorch's gradient of the %s bound at every parameter", (bound) => {
    for (const name of parameterNames) {
      expect(outputs[`${bound}.grad.${name}`]).toBeAllclose(goldens.get(`${bound}.grad.${name}`), tolerance);
    }
  });

  test("gives the same likelihood from samples in parts as at once", () => {
    const weights = goldens.get("log_weights").toFloat32().data;
    const logSum = (from: number, to: number): number[] =>
      [0, 1, 2].map((n) => {
        const part = weights.slice(4 * n + from, 4 * n + to);
        return Math.log(part.reduce((sum, weight) => sum + Math.exp(weight), 0));
      });
    const inParts = combineLogSums([logSum(0, 1), logSum(1, 4)], 4);
    const atOnce = combineLogSums([outputs.log_sum!.toFloat32().data], 4);
    expect([...inParts]).toBeAllclose([...atOnce], { absolute: 1e-5 });
    expect([...atOnce]).toBeAllclose(
      [...goldens.get("iwae").toFloat32().data].map((bound) => -bound),
      tolerance,
    );
  });
});
