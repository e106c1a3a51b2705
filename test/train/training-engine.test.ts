/** The trainer's steps on small models: against PyTorch, and what each part may and may not change. */
import { afterAll, describe, expect, test } from "vitest";
import {
  autoencoderKL,
  completeConfig,
  initializeParameters,
  parameterShapes,
  pytorchExamplesMlpVae,
  type FindParameter,
} from "../../src/models/index.ts";
import {
  initializePatchDiscriminator,
  patchDiscriminatorShapes,
  type PatchDiscriminatorConfig,
} from "../../src/train/patch-discriminator.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { bytesInMemory } from "../../src/tensor/byte-source.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import {
  autoencoderKLNetwork,
  emaDecay,
  initialTensors,
  learningRateFactor,
  logvarName,
  mlpNetwork,
  ParameterLayout,
  philoxRandomness,
  TrainingEngine,
  type StepReport,
  type TrainingPlan,
  type TrainingRandomness,
} from "../../src/train/index.ts";
import { readGoldens } from "../conformance/fixtures.ts";

type Floats = Tensor<"float32">;

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const notFrozen: FindParameter = (name) => {
  throw new Error(`${name} is not trained`);
};

const defaults = {
  frozen: notFrozen,
  objective: { reconstruction: { mse: 1 }, reduction: "mean", freeBits: 0, learnLogvar: false },
  optimizer: {
    type: "adam",
    learningRate: 1e-3,
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weightDecay: 0,
    clipNorm: null,
  },
  learningRateFactor: () => 1,
  klWeight: () => 1e-3,
  accumulate: 1,
  givesLogits: false,
} as const;

/** A trainer of fresh or given parameters. */
function start(
  plan: TrainingPlan,
  parameters: ReadonlyMap<string, Tensor>,
  discriminator?: ReadonlyMap<string, Tensor>,
  randomness: TrainingRandomness = philoxRandomness(0),
): Promise<TrainingEngine> {
  const judge = discriminator && plan.adversarial!.layout.join(discriminator);
  const tensors = initialTensors(plan, plan.layout.join(parameters), judge);
  return TrainingEngine.create(runtime, plan, randomness, tensors);
}

/** Philox, but for the noise of each batch, which is given. */
const withNoise = (noise: Floats): TrainingRandomness => ({
  ...philoxRandomness(0),
  noise: (index, shape) => row(noise, index, shape),
});

/** Row `index` of a tensor [rows, ...shape]. */
function row({ data }: Floats, index: number, shape: Shape): Floats {
  const size = shape.reduce((product, each) => product * each, 1);
  return Tensor.from(data.slice(index * size, (index + 1) * size), shape);
}

async function steps(
  trainer: TrainingEngine,
  count: number,
  batch: (index: number) => Floats,
): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (let step = 0; step < count; step++) {
    reports.push(await trainer.advance((index) => Promise.resolve(batch(index))));
  }
  return reports;
}

const termsOf = (reports: readonly StepReport[], name: string): number[] =>
  reports.map(({ terms }) => terms[name]!);

const stateOf = async (trainer: TrainingEngine, name: string): Promise<Floats> =>
  (await trainer.tensors()).get(name)!.toFloat32();

describe("ten steps with two batches each", () => {
  const goldens = readGoldens("training/optimizer-steps.safetensors");
  const network = mlpNetwork({ ...pytorchExamplesMlpVae, inputSize: 6, hiddenSizes: [5], latentSize: 2 });
  const layout = new ParameterLayout(network.parameterShapes);
  const goldenOf = (prefix: string): Floats =>
    layout.join(new Map(layout.places.map(({ name }) => [name, goldens.get(`${prefix}/${name}`)])));
  const schedule = {
    type: "cosine",
    totalSteps: 10,
    warmupSteps: 3,
    finalRatio: 0,
    cycles: 1,
    power: 1,
  } as const;
  const cases: Record<string, Partial<TrainingPlan>> = {
    adamw: {
      optimizer: {
        type: "adamw",
        learningRate: 0.05,
        betas: [0.8, 0.95],
        epsilon: 1e-6,
        weightDecay: 0.2,
        clipNorm: 0.3,
      },
      learningRateFactor: (step) => learningRateFactor({ ...schedule, milestones: [] }, step),
      emaDecay: (update) => emaDecay({ decay: 0.4, warmup: "ratio" }, update),
    },
    adam: { optimizer: { ...defaults.optimizer, learningRate: 0.02, weightDecay: 0.1 } },
  };

  test.each(Object.entries(cases))("%s are PyTorch's", async (name, changes) => {
    const plan: TrainingPlan = {
      ...defaults,
      network,
      layout,
      objective: { ...defaults.objective, reconstruction: { bce: 1 }, reduction: "ldm" },
      klWeight: () => 0.5,
      accumulate: 2,
      givesLogits: true,
      ...changes,
    };
    const initial = layout.split(goldenOf("initial"));
    const noise = goldens.get("noise").toFloat32();
    const trainer = await start(plan, initial, undefined, withNoise(noise));
    const x = goldens.get("x").toFloat32();
    const reports = await steps(trainer, 10, (index) => row(x, index, [3, 6]));
    const norms = termsOf(reports, "gradient_norm");
    expect(norms).toBeAllclose(goldens.get(`${name}/norms`), { absolute: 1e-6, relative: 1e-5 });
    const tolerance = { absolute: 1e-6, relative: 1e-5 };
    expect(await stateOf(trainer, "parameters")).toBeAllclose(goldenOf(name), tolerance);
    if (plan.emaDecay !== undefined) {
      // Clipping was on all the time, or it would not have been tested.
      expect(Math.min(...norms)).toBeGreaterThan(0.3);
      expect(await stateOf(trainer, "ema")).toBeAllclose(goldenOf(`${name}/ema`), tolerance);
    }
  });
});

const config = completeConfig({
  blockOutChannels: [4, 4],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  latentChannels: 2,
  normNumGroups: 2,
  midBlockAddAttention: false,
});
const network = autoencoderKLNetwork(config);
const shapes = parameterShapes(config);
const tiny: TrainingPlan = { ...defaults, network, layout: new ParameterLayout(shapes) };
const fresh = initializeParameters(config, Generator.torch(1));

/** Batches of noise in [-1, 1] as pictures. */
const pictures = (index: number, count = 2): Floats => {
  const shape = [count, 3, 8, 8];
  const { data } = Generator.philox(9).stream(BigInt(index)).randn(shape);
  return Tensor.from(data.map(Math.tanh), shape);
};

test("a step of two batches of 2 is a step of one batch of 4", async () => {
  const optimizer = { ...defaults.optimizer, epsilon: 1e-2 };
  const noise = Generator.philox(3).randn([4, 2, 4, 4]);
  const whole = await start({ ...tiny, optimizer }, fresh, undefined, withNoise(noise));
  const halves = await start({ ...tiny, optimizer, accumulate: 2 }, fresh, undefined, withNoise(noise));
  const batch = pictures(0, 4);
  const [inOne] = await steps(whole, 1, () => batch);
  const [inTwo] = await steps(halves, 1, (index) => row(batch, index, [2, 3, 8, 8]));
  for (const [name, value] of Object.entries(inOne!.terms)) expect(inTwo!.terms[name]).toBeCloseTo(value, 6);
  for (const name of ["parameters", "first_moment", "second_moment"]) {
    expect(await stateOf(halves, name)).toBeAllclose(await stateOf(whole, name), { absolute: 1e-6 });
  }
  expect(halves.batches).toBe(2);
  // Nothing of this step is left for the next.
  expect((await stateOf(halves, "gradient_sum")).data.every((value) => value === 0)).toBe(true);
});

function stored(parameters: ReadonlyMap<string, Floats>): FindParameter {
  return (name) => {
    const { bytes, shape } = parameters.get(name)!;
    const source = bytesInMemory(bytes, name);
    return { name, dtype: "float32", shape, source, byteOffset: 0, byteLength: bytes.byteLength };
  };
}

test("a frozen encoder gives the same latents to the last bit while the decoder learns", async () => {
  const isTrained = (name: string): boolean => /^(decoder|post_quant_conv)\./.test(name);
  const layout = new ParameterLayout(new Map([...shapes].filter(([name]) => isTrained(name))));
  const trainer = await start({ ...tiny, layout, frozen: stored(fresh) }, fresh);
  const before = await trainer.reconstruct(pictures(0), "raw");
  await steps(trainer, 3, pictures);
  const after = await trainer.reconstruct(pictures(0), "raw");
  expect(after.latents.data).toEqual(before.latents.data);
  expect(after.reconstruction.data).not.toEqual(before.reconstruction.data);
});

test("distillation draws the latents to the teacher's", async () => {
  const teacher = {
    network,
    weights: stored(initializeParameters(config, Generator.torch(2))),
    scaling: autoencoderKL.scaling(config, new Map()),
  };
  const plan = {
    ...tiny,
    teacher,
    objective: { ...tiny.objective, latentWeight: 10 },
    optimizer: { ...tiny.optimizer, learningRate: 1e-2 },
  };
  const latent = termsOf(await steps(await start(plan, fresh), 40, () => pictures(0)), "latent");
  expect(latent.at(-1)).toBeLessThan(0.1 * latent[0]!);
});

test("a loss that is no number stops the run with the name of the term", async () => {
  const trainer = await start(tiny, fresh);
  const broken = (): Promise<Floats> =>
    Promise.resolve(Tensor.from(pictures(0).data.fill(NaN), [2, 3, 8, 8]));
  await expect(trainer.advance(broken)).rejects.toThrow(/^Step 1: reconstruction is NaN.*learning rate/);
  expect(trainer.step).toBe(0);
});

describe("an adversary", () => {
  const judge: PatchDiscriminatorConfig = { inChannels: 3, baseChannels: 4, layerCount: 1, norm: "group" };
  const adversarial = {
    config: judge,
    layout: new ParameterLayout(patchDiscriminatorShapes(judge)),
    loss: "hinge",
    weight: 0.5,
    factor: 0.8,
    startStep: 0,
    learningRate: 2e-3,
  } as const;
  const plan: TrainingPlan = { ...tiny, adversarial };
  const freshJudge = initializePatchDiscriminator(judge, Generator.torch(4));
  const large = (index: number): Floats => {
    const shape = [2, 3, 16, 16];
    const { data } = Generator.philox(9).stream(BigInt(index)).randn(shape);
    return Tensor.from(data.map(Math.tanh), shape);
  };

  test("learns, and is learned from, as in latent-diffusion's code in PyTorch", async () => {
    const goldens = readGoldens("training/adversarial-steps.safetensors");
    const layout = new ParameterLayout(new Map<string, Shape>([...shapes, [logvarName, [1]]]));
    const initial = new Map<string, Tensor>(
      [...shapes.keys()].map((name) => [name, goldens.get(`initial/${name}`)]),
    ).set(logvarName, Tensor.zeros([1]));
    const initialJudge = new Map(
      adversarial.layout.places.map(({ name }) => [name, goldens.get(`discriminator/initial/${name}`)]),
    );
    const like: TrainingPlan = {
      ...plan,
      layout,
      objective: { ...plan.objective, reconstruction: { l1: 1 }, reduction: "ldm", learnLogvar: true },
      klWeight: () => 0.01,
    };
    const noise = withNoise(goldens.get("noise").toFloat32());
    const trainer = await start(like, initial, initialJudge, noise);
    const x = goldens.get("x").toFloat32();
    const reports = await steps(trainer, 2, (index) => row(x, index, [2, 3, 16, 16]));
    for (const name of ["reconstruction", "kl", "generator", "adaptive_weight", "loss", "discriminator"]) {
      const expected = goldens.get(`terms/${name}`);
      expect(termsOf(reports, name)).toBeAllclose(expected, { absolute: 1e-6, relative: 1e-4 });
    }
    // Adam's first steps are ±learning rate: where a gradient is almost 0, its last bits decide.
    const tolerance = { absolute: 2e-5, relative: 1e-5 };
    for (const [name, parameter] of await trainer.parameters("raw")) {
      expect(parameter).toBeAllclose(goldens.get(`autoencoder/${name}`), tolerance);
    }
    expect((await trainer.parameters("raw")).get(logvarName)!.data[0]).not.toBe(0);
    const judged = adversarial.layout.split(await stateOf(trainer, "discriminator.parameters"));
    for (const [name, parameter] of judged) {
      // Each channel of these is a group of the norm that follows, which takes a bias out again: no gradient but noise.
      if (name === "main.2.bias") continue;
      expect(parameter).toBeAllclose(goldens.get(`discriminator/${name}`), tolerance);
    }
  });

  test("does not change by the autoencoder's step, nor the autoencoder by the adversary's", async () => {
    const still = { ...adversarial, learningRate: 0 };
    const learning = await start({ ...plan, adversarial: still }, fresh, freshJudge);
    await steps(learning, 2, large);
    const judged = await stateOf(learning, "discriminator.parameters");
    expect(judged.data).toEqual(adversarial.layout.join(freshJudge).data);
    expect((await stateOf(learning, "parameters")).data).not.toEqual(tiny.layout.join(fresh).data);

    const optimizer = { ...tiny.optimizer, learningRate: 0 };
    const judging = await start({ ...plan, optimizer }, fresh, freshJudge);
    await steps(judging, 2, large);
    expect((await stateOf(judging, "parameters")).data).toEqual(tiny.layout.join(fresh).data);
    expect((await stateOf(judging, "discriminator.parameters")).data).not.toEqual(judged.data);
  });

  test("takes no part before its first step", async () => {
    const halved = { learningRateFactor: () => 0.5 };
    const startStep = 2;
    const late = await start(
      { ...plan, ...halved, adversarial: { ...adversarial, startStep } },
      fresh,
      freshJudge,
    );
    const alone = await start({ ...tiny, ...halved }, fresh);
    const [lateReports, aloneReports] = [await steps(late, 2, large), await steps(alone, 2, large)];
    expect(lateReports).toEqual(aloneReports);
    expect(await stateOf(late, "parameters")).toEqual(await stateOf(alone, "parameters"));
    const untouched = await stateOf(late, "discriminator.parameters");
    expect(untouched.data).toEqual(adversarial.layout.join(freshJudge).data);
    const [third] = await steps(late, 1, large);
    expect(Object.keys(third!.terms)).toEqual(expect.arrayContaining(["generator", "discriminator"]));
    const { data } = await stateOf(late, "discriminator.parameters");
    const changes = data.map((value, i) => Math.abs(value - untouched.data[i]!));
    // Adam's first update is the learning rate, whatever the gradient; a third one of zeros before would be 0.64 of it.
    expect(Math.max(...changes)).toBeCloseTo(0.5 * adversarial.learningRate, 6);
  });
});
