/** The gradients of whole AutoencoderKLs against diffusers' in float64: tools/reference/gradients.py. */
import { afterAll, describe, expect, test } from "vitest";
import { gradientRules, gradients, type GradientRules } from "../../src/autodiff/index.ts";
import type { GraphBuilder, Value } from "../../src/graph/index.ts";
import { decode, encode } from "../../src/models/autoencoder-kl/graph.ts";
import { parseConfig, type AutoencoderKLConfig } from "../../src/models/autoencoder-kl/config.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import {
  klPerExample,
  reconstructionError,
  reduceExamples,
  samplePosterior,
  splitMoments,
  valuesPerExample,
  weightedSum,
} from "../../src/train/losses/index.ts";
import { manifest, readGoldens, readJson, type ModelCase } from "../conformance/fixtures.ts";
import { contextOf, runGraph } from "../train/run-graph.ts";
import { distance, sketch } from "./sketch.ts";

/**
 * How far a gradient may be from the float64 one, by its own norm. Rounding of float32 in one forward and one
 * backward pass costs 6e-5 where terms cancel most (sdxl's first norms) and near 1e-5 elsewhere.
 */
const relativeTolerance = 1e-4;

/**
 * And by the norm of all gradients together, for those that are zero but for rounding, which costs 4e-8: a norm
 * over single channels removes what a bias before it adds, and softmax what the keys' bias adds.
 */
const absoluteTolerance = 2e-7;

const goldens = readGoldens("gradients/models.safetensors");
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

/** 2 mse + 0.5 l1 + 0.01 kl, as in gradients.py. */
function lossOf(builder: GraphBuilder, values: Readonly<Record<string, Value>>, model: LossModel): Value {
  const context = { ...contextOf(builder, values), ...model };
  const posterior = splitMoments(builder, encode(context, values.pixels!));
  const reconstruction = decode(context, samplePosterior(builder, posterior, values.latents!));
  const target = values.sample!;
  const mean = (kind: "mse" | "l1"): Value =>
    reduceExamples(
      builder,
      reconstructionError(builder, kind, reconstruction, target),
      "mean",
      valuesPerExample(target),
    );
  const kl = reduceExamples(builder, klPerExample(builder, posterior), "ldm", valuesPerExample(target));
  return weightedSum(builder, [
    { weight: 2, value: mean("mse") },
    { weight: 0.5, value: mean("l1") },
    { weight: 0.01, value: kl },
  ]);
}

interface LossModel {
  readonly config: AutoencoderKLConfig;
  readonly isTraining: boolean;
}

interface Comparison {
  readonly name: string;
  readonly norm: number;
  readonly distance: number;
}

async function compareGradients(
  { name, folder, golden }: ModelCase,
  isTraining: boolean,
  rules?: GradientRules,
): Promise<{ loss: Tensor; comparisons: Comparison[] }> {
  const { config } = parseConfig(readJson(`${folder}/config.json`), folder);
  const weights = readGoldens(`${folder}/diffusion_pytorch_model.safetensors`);
  const given = readGoldens(golden);
  const names = [...weights.names.sort(), "pixels"];
  const inputs = {
    ...Object.fromEntries(weights.names.map((each) => [each, weights.get(each)])),
    ...Object.fromEntries(["pixels", "latents", "sample"].map((each) => [each, given.get(each)])),
  };
  const { loss, ...found } = await runGraph(runtime, inputs, (builder, values) => {
    const value = lossOf(builder, values, { config, isTraining });
    const wrt = names.map((each) => values[each]!);
    const outputs = gradients(builder, [{ value }], wrt, { rules }).map(
      (each, i) => [`grad.${names[i]}`, each] as const,
    );
    return { loss: value, ...Object.fromEntries(outputs) };
  });
  const rows = goldens.get(`${name}/gradients`);
  expect(rows.shape).toEqual([names.length, 9]);
  const comparisons = names.map((each, i) => {
    const expected = (rows.data as Float32Array).subarray(9 * i, 9 * (i + 1));
    const ours = sketch(found[`grad.${each}`]!.toFloat32().data);
    return { name: each, norm: expected[0]!, distance: distance(ours, expected) };
  });
  return { loss: loss!, comparisons };
}

/** The gradients that are too far off, as readable lines. */
function tooFar(comparisons: readonly Comparison[]): string[] {
  const total = Math.hypot(...comparisons.map(({ norm }) => norm));
  return comparisons
    .filter((each) => !(each.distance <= relativeTolerance * each.norm + absoluteTolerance * total))
    .map((each) => `${each.name}: ${each.distance} from a gradient of norm ${each.norm}`);
}

async function expectGradients(model: ModelCase, isTraining: boolean): Promise<void> {
  const { loss, comparisons } = await compareGradients(model, isTraining);
  expect(loss).toBeAllclose(goldens.get(`${model.name}/loss`), { absolute: 0, relative: 1e-5 });
  expect(tooFar(comparisons)).toEqual([]);
}

const models = manifest.models.filter((each) => !each.tiled);

describe("with layers in the form for training, the loss and every gradient are diffusers' for", () => {
  test.each(models)("$name ($covers)", (model) => expectGradients(model, true));
});

describe("with layers in the form for running, the loss and every gradient are diffusers' for", () => {
  const names = ["mish-odd-size", "attention-blocks", "quiet"];
  test.each(models.filter(({ name }) => names.includes(name)))("$name ($covers)", (model) =>
    expectGradients(model, false),
  );
});

test("an attention whose softmax has a wrong gradient is found, in the encoder and behind it", async () => {
  const softmax: GradientRules["Softmax"] = ({ output }, dy, { builder }) => [
    builder.apply("Mul", [dy, output], {}),
  ];
  const model = models.find(({ name }) => name === "one-level")!;
  const { comparisons } = await compareGradients(model, true, { ...gradientRules, Softmax: softmax });
  const found = tooFar(comparisons).map((line) => line.split(":")[0]);
  expect(found).toContain("decoder.mid_block.attentions.0.to_q.weight");
  expect(found).toContain("encoder.conv_in.weight");
  expect(found).not.toContain("decoder.conv_out.weight");
});
