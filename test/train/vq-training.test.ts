/** The training of a VQModel against diffusers' class in PyTorch: tools/reference/vq_training.py. */
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/index.ts";
import { codebookName, vqModel, type VQModelConfig } from "../../src/models/index.ts";
import { NodeRuntime, Tensor } from "../../src/node/index.ts";
import { codebookObjective } from "../../src/train/objective.ts";
import {
  initialTensors,
  ParameterLayout,
  philoxRandomness,
  TrainingEngine,
  vqModelNetwork,
  type TrainingPlan,
} from "../../src/train/index.ts";
import { distance, sketch } from "../autodiff/sketch.ts";
import { readGoldens, readJson } from "../conformance/fixtures.ts";
import { contextOf, runGraph } from "./run-graph.ts";

const goldens = readGoldens("training/vq.safetensors");
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const folder = (name: string): string => `vq-models/${name}`;
const configOf = (name: string): VQModelConfig =>
  vqModel.config.parse(readJson(`${folder(name)}/config.json`), name).config;

function weightsOf(name: string): Map<string, Tensor<"float32">> {
  const found = readGoldens(`${folder(name)}/diffusion_pytorch_model.safetensors`);
  return new Map(found.names.map((each) => [each, found.get(each).toFloat32()]));
}

type Kind = "legacy" | "plain" | "average" | "restarts";
const isAverage = (kind: Kind): boolean => kind === "average" || kind === "restarts";
const quantizerOf = (kind: Kind) => ({
  weight: 1,
  beta: 0.25,
  legacy: kind === "legacy",
  ema: isAverage(kind)
    ? { decay: 0.95, epsilon: 1e-5, restartBelow: kind === "restarts" ? 0.5 : null }
    : null,
});

const objective = { reconstruction: { mse: 1 }, reduction: "mean", freeBits: 0, learnLogvar: false } as const;

describe.each(["group", "spatial"])("of the model %s", (name) => {
  test.each(["legacy", "plain"] as const)(
    "the loss is PyTorch's, and so are all gradients (%s)",
    async (kind) => {
      const network = vqModelNetwork(configOf(name), quantizerOf(kind), 1);
      const weights = weightsOf(name);
      const names = [...weights.keys()].sort();
      const inputs = { ...Object.fromEntries(weights), pixels: goldens.get(`${name}/pixels`) };
      const { loss, commit, ...found } = await runGraph(runtime, inputs, (builder, values) => {
        const context = contextOf(builder, values);
        const { codebook } = network;
        const goal = codebookObjective(
          builder,
          {
            sample: values["pixels"]!,
            z: network.encode(context, values["pixels"]!),
            rows: values[codebookName]!,
            codebook,
            decode: (z) => network.decode(context, z),
          },
          objective,
        );
        const wrt = names.map((each) => values[each]!);
        const slopes = gradients(builder, [{ value: goal.loss }], wrt).map(
          (each, i) => [`grad.${names[i]}`, each] as const,
        );
        return { loss: goal.loss, commit: goal.terms["commit_loss"]!, ...Object.fromEntries(slopes) };
      });
      // Float32 beside float64.
      expect(loss).toBeAllclose(goldens.get(`${name}/${kind}/loss`), { relative: 1e-5 });
      expect(commit).toBeAllclose(goldens.get(`${name}/${kind}/commit_loss`), { relative: 1e-5 });
      const rows = goldens.get(`${name}/${kind}/gradients`).toFloat32().data;
      const norms = names.map((_, i) => rows[9 * i]!);
      const total = Math.hypot(...norms);
      const far = names.filter((each, i) => {
        const apart = distance(
          sketch(found[`grad.${each}`]!.toFloat32().data),
          rows.subarray(9 * i, 9 * (i + 1)),
        );
        // What a normalisation takes away has a gradient of rounding errors alone.
        return !(apart <= 1e-4 * norms[i]! + 2e-7 * total);
      });
      expect(far).toEqual([]);
      expect(norms[names.indexOf(codebookName)]).toBeGreaterThan(0);
    },
  );
});

describe("fifty steps of AdamW", () => {
  const pixels = goldens.get("steps/pixels").toFloat32();
  const { shape, data } = pixels;
  const half = data.length / 2;
  const batch = (index: number): Promise<Tensor<"float32">> =>
    Promise.resolve(batchOf(data.subarray((index % 2) * half, ((index % 2) + 1) * half)));
  const batchOf = (part: Float32Array): Tensor<"float32"> => Tensor.from(part, [3, ...shape.slice(1)]);

  async function engineOf(kind: Kind): Promise<TrainingEngine> {
    const network = vqModelNetwork(configOf("group"), quantizerOf(kind), 1);
    const layout = new ParameterLayout(network.parameterShapes);
    const plan: TrainingPlan = {
      network,
      layout,
      frozen: (name) => {
        throw new Error(`${name} is not trained`);
      },
      objective,
      optimizer: {
        type: "adamw",
        learningRate: 1e-3,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weightDecay: 0.01,
        clipNorm: null,
      },
      learningRateFactor: () => 1,
      klWeight: () => 0,
      accumulate: 1,
      givesLogits: false,
    };
    const tensors = initialTensors(plan, layout.join(weightsOf("group")));
    return TrainingEngine.create(runtime, plan, philoxRandomness(0), tensors);
  }

  test.each(["legacy", "plain", "average", "restarts"] as const)(
    "have PyTorch's losses and codebook (%s)",
    async (kind) => {
      const engine = await engineOf(kind);
      const losses: number[] = [];
      for (let step = 0; step < 50; step++) losses.push((await engine.advance(batch)).terms["loss"]!);
      const expected = goldens.get(`steps/${kind}/losses`).toFloat32().data;
      expect(losses).toBeAllclose([...expected], { relative: 1e-4, absolute: 0 });
      const rows = (await engine.parameters("raw")).get(codebookName)!;
      expect(rows).toBeAllclose(goldens.get(`steps/${kind}/codebook`), { absolute: 1e-3 });
      if (isAverage(kind)) {
        const statistics = (await engine.tensors()).get("codebook.statistics")!.toFloat32().data;
        const [sums, counts] = ["sums", "counts"].map(
          (each) => goldens.get(`steps/${kind}/${each}`).toFloat32().data,
        );
        expect([...statistics]).toBeAllclose([...sums!, ...counts!], { absolute: 1e-3 });
      }
      await engine.dispose();
    },
  );
});
