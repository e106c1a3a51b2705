/** The training of an AutoencoderTiny against diffusers' class in PyTorch: tools/reference/tiny_training.py. */
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/index.ts";
import {
  autoencoderKL,
  autoencoderTiny,
  type AutoencoderKLConfig,
  type AutoencoderTinyConfig,
} from "../../src/models/index.ts";
import { NodeRuntime, Tensor } from "../../src/node/index.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { normalizedTeacherMean } from "../../src/train/graphs/teacher.ts";
import { distillationObjective } from "../../src/train/objective.ts";
import {
  autoencoderKLNetwork,
  autoencoderTinyNetwork,
  initialTensors,
  ParameterLayout,
  philoxRandomness,
  TrainingEngine,
  type TeacherOptions,
  type TrainingPlan,
} from "../../src/train/index.ts";
import { distance, sketch } from "../autodiff/sketch.ts";
import { readGoldens, readJson } from "../conformance/fixtures.ts";
import { contextOf, runGraph } from "./run-graph.ts";

const goldens = readGoldens("training/tiny.safetensors");
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

type Weights = ReadonlyMap<string, Tensor<"float32">>;

function weightsIn(folder: string): Weights {
  const found = readGoldens(`${folder}/diffusion_pytorch_model.safetensors`);
  return new Map(found.names.map((each) => [each, found.get(each).toFloat32()]));
}

const configIn = (folder: string): unknown => readJson(`${folder}/config.json`);

const studentConfig = (name: string): AutoencoderTinyConfig =>
  autoencoderTiny.config.parse(configIn(`tiny-models/${name}`), name).config;
const studentWeights = (name: string): Weights => weightsIn(`tiny-models/${name}`);

function teacherOf(name: string): TeacherOptions {
  const config: AutoencoderKLConfig = autoencoderKL.config.parse(configIn(`models/${name}`), name).config;
  const weights = weightsIn(`models/${name}`);
  return {
    network: autoencoderKLNetwork(config),
    weights: (each) => storeInMemory(each, weights.get(each)!),
    scaling: autoencoderKL.scaling(config, new Map()),
  };
}

const objective = {
  reconstruction: { mse: 1 },
  reduction: "mean",
  freeBits: 0,
  learnLogvar: false,
  latentWeight: 0.5,
} as const;

test.each([
  ["relu", "sd", "a factor"],
  ["silu-uneven", "sd3", "a factor and a shift"],
  ["factor-four", "sdxl", "means, deviations and a factor"],
])("for %s the latents of %s are scaled as its pipeline does: by %s", async (student, teacher) => {
  const pixels = goldens.get(`${student}/pixels`);
  const { latents } = await runGraph(runtime, { pixels }, (builder, values) => ({
    latents: normalizedTeacherMean(builder, teacherOf(teacher), values["pixels"]!),
  }));
  expect(latents).toBeAllclose(goldens.get(`${student}/teacher_latents`), { absolute: 1e-5 });
});

test.each(["relu", "silu-uneven", "factor-four", "taef2"])(
  "the loss of %s is PyTorch's, and so are all gradients",
  async (name) => {
    const network = autoencoderTinyNetwork(studentConfig(name));
    const weights = studentWeights(name);
    const names = [...weights.keys()].sort();
    const inputs = {
      ...Object.fromEntries(weights),
      pixels: goldens.get(`${name}/pixels`),
      teacherLatents: goldens.get(`${name}/teacher_latents`),
    };
    const { loss, latent, ...found } = await runGraph(runtime, inputs, (builder, values) => {
      const context = { ...contextOf(builder, values), isTraining: true };
      const [sample, teacherLatents] = [values["pixels"]!, values["teacherLatents"]!];
      const goal = distillationObjective(
        builder,
        {
          sample,
          teacherLatents,
          latents: network.encode!(context, sample),
          reconstruction: network.decode(context, teacherLatents),
        },
        objective,
      );
      const wrt = names.map((each) => values[each]!);
      const slopes = gradients(builder, [{ value: goal.loss }], wrt).map(
        (each, i) => [`grad.${names[i]}`, each] as const,
      );
      return { loss: goal.loss, latent: goal.terms["latent"]!, ...Object.fromEntries(slopes) };
    });
    // Float32 beside float64.
    expect(loss).toBeAllclose(goldens.get(`${name}/loss`), { relative: 1e-5 });
    expect(latent).toBeAllclose(goldens.get(`${name}/latent`), { relative: 1e-5 });
    const rows = goldens.get(`${name}/gradients`).toFloat32().data;
    const far = names.filter((each, i) => {
      const expected = rows.subarray(9 * i, 9 * (i + 1));
      return !(distance(sketch(found[`grad.${each}`]!.toFloat32().data), expected) <= 1e-4 * expected[0]!);
    });
    expect(far).toEqual([]);
  },
);

describe("thirty steps of AdamW", () => {
  const { shape, data } = goldens.get("steps/pixels").toFloat32();
  const half = data.length / 2;
  const batch = (index: number): Promise<Tensor<"float32">> => {
    const start = (index % 2) * half;
    return Promise.resolve(Tensor.from(data.subarray(start, start + half), [2, ...shape.slice(1)]));
  };
  const weights = studentWeights("relu");
  const network = autoencoderTinyNetwork(studentConfig("relu"));

  async function engineOf(isTrained: (name: string) => boolean): Promise<TrainingEngine> {
    const layout = new ParameterLayout(
      new Map([...network.parameterShapes].filter(([name]) => isTrained(name))),
    );
    const plan: TrainingPlan = {
      network,
      layout,
      frozen: (name) => storeInMemory(name, weights.get(name)!),
      teacher: teacherOf("sd"),
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
    const tensors = initialTensors(plan, layout.join(weights));
    return TrainingEngine.create(runtime, plan, philoxRandomness(0), tensors);
  }

  test.each(["both", "encoder", "decoder"])("have PyTorch's losses and weights (%s)", async (halves) => {
    const engine = await engineOf((name) => halves === "both" || name.startsWith(halves));
    const losses: number[] = [];
    for (let step = 0; step < 30; step++) losses.push((await engine.advance(batch)).terms["loss"]!);
    const expected = goldens.get(`steps/${halves}/losses`).toFloat32().data;
    expect(losses).toBeAllclose([...expected], { relative: 1e-4, absolute: 0 });
    const trained = await engine.parameters("raw");
    const rows = goldens.get(`steps/${halves}/parameters`).toFloat32().data;
    const far = [...weights.keys()].sort().filter((name, i) => {
      const { data: found } = trained.get(name) ?? weights.get(name)!;
      return !(distance(sketch(found), rows.subarray(9 * i, 9 * (i + 1))) <= 1e-3);
    });
    expect(far).toEqual([]);
    await engine.dispose();
  });
});
