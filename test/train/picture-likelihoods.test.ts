/** An AutoencoderKL with a scale beside its pixels against diffusers' in double precision: tools/reference/picture_likelihoods.py. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodePixels, encode, type PixelRange, type ScaledPixels } from "../../src/models/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import {
  klPerExample,
  logImportanceWeights,
  logLikelihood,
  reconstructionError,
  samplePosterior,
  pixelLikelihood,
  splitMoments,
} from "../../src/train/losses/index.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { readGoldens } from "../conformance/fixtures.ts";
import { contextOf, gradientsOfSum, runGraph } from "./run-graph.ts";
import { smallConfig, smallModel } from "./small-recipe.ts";

const goldens = readGoldens("training/picture-likelihoods.safetensors");
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const kinds = [
  "normal/fixed",
  "normal/shared",
  "normal/per_channel",
  "normal/per_value",
  "normal/optimal",
  "discretized_logistic/shared",
  "discretized_logistic/per_channel",
  "discretized_logistic/per_value",
] as const;

type Kind = readonly [ScaledPixels["distribution"], ScaledPixels["scale"]];

const { config } = smallModel({ blockOutChannels: [2, 2], normNumGroups: 1 });
const [x, noise] = ["x", "noise"].map((name) => goldens.get(name)) as [Tensor, Tensor];
const sampleCount = noise.shape[1]!;
const samples = noise.reshape([2 * sampleCount, ...noise.shape.slice(2)]);

/** Every parameter of the model and of the kind's scale, in the order of sorted names. */
function parametersOf(kind: string): ReadonlyMap<string, Tensor> {
  const scale = kind.split("/")[1]!;
  const isNeeded = (name: string): boolean =>
    /^(encoder|decoder|quant_conv|post_quant_conv)\./.test(name) ||
    (scale === "per_value" && name.startsWith("likelihood.scale."));
  const found = goldens.names.filter(isNeeded).map((name) => [name, goldens.get(name)] as const);
  const own = ["shared", "per_channel"].includes(scale)
    ? [["likelihood.scale", goldens.get(scale)] as const]
    : [];
  return new Map([...found, ...own].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A long vector cut into tensors of these shapes. */
function cut(vector: Tensor, shapes: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  let offset = 0;
  const pieces = [...shapes].map(([name, { shape, size }]): [string, Tensor] => {
    const data = vector.toFloat32().data.slice(offset, (offset += size));
    return [name, Tensor.from(data, shape)];
  });
  expect(offset).toBe(vector.size);
  return new Map(pieces);
}

const largestOf = (tensor: Tensor): number =>
  tensor.toFloat32().data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function likelihoodOf(kind: string): ScaledPixels & { readonly range: PixelRange } {
  const [distribution, scale] = kind.split("/") as unknown as Kind;
  const minScale = scale === "fixed" ? null : 2 / 255;
  return { distribution, scale, initialScale: 0.5, minScale, levels: 256, range: "signed" };
}

interface Found {
  readonly elbo: Tensor;
  readonly logWeights: Tensor;
  /** The ELBO's, at every parameter. */
  readonly gradient: ReadonlyMap<string, Tensor>;
}

/** The ELBO and its gradients, by vaekit's graphs. */
async function measure(kind: string): Promise<Found> {
  const likelihood = likelihoodOf(kind);
  const parameters = parametersOf(kind);
  const inputs = { ...Object.fromEntries(parameters), x, samples };
  const outputs = await runGraph(runtime, inputs, (builder, values) => {
    const context = { ...contextOf(builder, values), config };
    const posterior = splitMoments(builder, encode(context, values.x!));
    const weights = logImportanceWeights(builder, {
      x: values.x!,
      posterior,
      noise: values.samples!,
      logLikelihood: (z, repeated) =>
        logLikelihood(builder, likelihood, decodePixels(context, z, likelihood), repeated).value,
    });
    const mean = builder.apply("ReduceMean", [weights.logLikelihood], { axes: [1], keepdims: false });
    const elbo = builder.apply("Sub", [mean, klPerExample(builder, posterior)], {});
    const wrt = Object.fromEntries([...parameters.keys()].map((name) => [name, values[name]!]));
    return { elbo, log_weights: weights.logWeights, ...gradientsOfSum(builder, elbo, wrt) };
  });
  const gradient = new Map([...parameters.keys()].map((name) => [name, outputs[`grad.${name}`]!]));
  return { elbo: outputs.elbo!, logWeights: outputs.log_weights!, gradient };
}

describe.each(kinds)("the ELBO with a scale of %s", (kind) => {
  let found: Found;
  beforeAll(async () => {
    found = await measure(kind);
  });

  test("has PyTorch's value, and its weights for importance sampling", () => {
    // Sums of 72 values; float32 keeps seven digits of each.
    const within = { absolute: 1e-3, relative: 1e-5 };
    expect(found.elbo).toBeAllclose(goldens.get(`${kind}/elbo`), within);
    expect(found.logWeights).toBeAllclose(goldens.get(`${kind}/log_weights`), within);
  });

  test("has PyTorch's gradient at every parameter", () => {
    const whole = goldens.get(`${kind}/elbo.gradient`);
    // A bias before a normalisation, which takes most of it off again, is a small difference of large numbers.
    const rounding = 1e-6 * largestOf(whole);
    for (const [name, golden] of cut(whole, parametersOf(kind))) {
      const absolute = Math.max(1e-4 * largestOf(golden), rounding);
      expect(found.gradient.get(name), name).toBeAllclose(golden, { absolute });
    }
  });
});

test("with σ fixed, every gradient of -log p(x|z) is the squared error's over 2σ², to the last bit where that is 2", async () => {
  const likelihood = likelihoodOf("normal/fixed");
  const parameters = parametersOf("normal/fixed");
  const first = Tensor.from(samples.toFloat32().data.slice(0, 24), [2, 2, 3, 2]);
  const gradientsOf = (kind: "nll" | "mse"): Promise<Record<string, Tensor>> =>
    runGraph(runtime, { ...Object.fromEntries(parameters), x, first }, (builder, values) => {
      const context = { ...contextOf(builder, values), config };
      const posterior = splitMoments(builder, encode(context, values.x!));
      const decoded = decodePixels(context, samplePosterior(builder, posterior, values.first!), likelihood);
      const loss =
        kind === "mse"
          ? reconstructionError(builder, "mse", decoded.mean, values.x!)
          : pixelLikelihood(builder, likelihood, decoded, values.x!).nll;
      return gradientsOfSum(
        builder,
        loss,
        Object.fromEntries([...parameters.keys()].map((name) => [name, values[name]!])),
      );
    });
  const [nll, mse] = [await gradientsOf("nll"), await gradientsOf("mse")];
  expect(Object.keys(nll)).toHaveLength(parameters.size);
  for (const [name, { data, shape }] of Object.entries(mse)) {
    const twice = Tensor.from(
      Float32Array.from(data as Float32Array, (value) => 2 * value),
      shape,
    );
    expect(nll[name], name).toBeAllclose(twice, { absolute: 0 });
  }
});

describe.each(kinds)("a recipe of an AutoencoderKL with a scale of %s", (kind) => {
  test("has PyTorch's losses, scales and gradients for 50 steps", async () => {
    const [distribution, scale] = kind.split("/") as unknown as Kind;
    await using trainer = await Trainer.fromRecipe(
      runtime,
      {
        model: { config: smallConfig },
        loss: { reduction: "ldm", likelihood: { distribution, scale, levels: 256 } },
        optimizer: { type: "adam", learning_rate: 1e-3 },
        batch_size: 4,
        steps: 50,
        seed: 1,
        randomness: "torch",
      },
      { data: goldens.get("runs/x") },
    );
    const found: number[] = [];
    for (let step = 0; step < 50; step++) {
      const { terms } = await trainer.advance();
      found.push(...["loss", "reconstruction", "kl", "scale", "gradient_norm"].map((name) => terms[name]!));
    }
    const golden = goldens.get(`runs/${kind}`);
    const column = (values: ArrayLike<number>, i: number): number[] =>
      Array.from({ length: 50 }, (_, step) => values[5 * step + i]!);
    for (const [i, relative] of [1e-4, 1e-4, 1e-4, 1e-4, 1e-3].entries()) {
      expect(column(found, i)).toBeAllclose(column(golden.toFloat32().data, i), { relative, absolute: 0 });
    }
  });
});
