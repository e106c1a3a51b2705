/** The numbers that the engine hands to its graphs, step by step, on a network of six numbers. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { pytorchExamplesMlpVae } from "../../src/models/index.ts";
import { Generator, NodeRuntime, Tensor } from "../../src/node/index.ts";
import type { Runtime, Session } from "../../src/runtime/index.ts";
import {
  initialTensors,
  mlpNetwork,
  ParameterLayout,
  philoxRandomness,
  TrainingEngine,
  type TrainingPlan,
  type TrainingRandomness,
} from "../../src/train/index.ts";

type Floats = Tensor<"float32">;

const native = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => native.dispose());

/** What the sessions were asked, and which of them are open. */
const seen: { inputs: Record<string, Tensor>; outputs: Record<string, Tensor> }[] = [];
let openSessions = 0;
let madeSessions = 0;
/** What the next session's making ends in. */
let refusal: Error | undefined;
beforeEach(() => {
  seen.length = 0;
  openSessions = 0;
  madeSessions = 0;
  refusal = undefined;
});

/** The native runtime, looked at. */
const runtime = new Proxy(native, {
  get(target, name) {
    if (name !== "createSession") {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    }
    return async (...args: Parameters<Runtime["createSession"]>): Promise<Session> => {
      if (refusal !== undefined) throw refusal;
      const session = await target.createSession(...args);
      openSessions++;
      madeSessions++;
      return new Proxy(session, {
        get(inner, key) {
          const value: unknown = Reflect.get(inner, key, inner);
          if (key === "run") {
            return async (...runArgs: Parameters<Session["run"]>) => {
              const outputs = await inner.run(...runArgs);
              seen.push({ inputs: runArgs[0], outputs });
              return outputs;
            };
          }
          if (key === "dispose") {
            return async () => {
              openSessions--;
              await inner.dispose();
            };
          }
          return typeof value === "function" ? (value.bind(inner) as unknown) : value;
        },
      });
    };
  },
}) as unknown as Runtime;

const network = mlpNetwork({ ...pytorchExamplesMlpVae, inputSize: 6, hiddenSizes: [3], latentSize: 2 });
const layout = new ParameterLayout(network.parameterShapes);
const plan: TrainingPlan = {
  network,
  layout,
  frozen: (name) => {
    throw new Error(`${name} is not trained`);
  },
  objective: { reconstruction: { bce: 1 }, reduction: "ldm", freeBits: 0, learnLogvar: false },
  optimizer: {
    type: "adam",
    learningRate: 0.5,
    betas: [0.5, 0.75],
    epsilon: 1e-8,
    weightDecay: 0,
    clipNorm: null,
  },
  learningRateFactor: (step) => 1 / (step + 1),
  klWeight: (step) => step + 0.25,
  accumulate: 1,
  givesLogits: true,
};

const first = Generator.torch(0).uniform([layout.size], -0.5, 0.5);

const engines: TrainingEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

async function start(
  changes: Partial<TrainingPlan> = {},
  randomness: TrainingRandomness = philoxRandomness(3),
  progress?: { step: number; batches: number },
  parameters: Floats = first,
): Promise<TrainingEngine> {
  const complete = { ...plan, ...changes };
  const tensors = initialTensors(complete, parameters);
  const engine = await TrainingEngine.create(runtime, complete, randomness, tensors, progress);
  engines.push(engine);
  return engine;
}

const rows = (count: number, seed = 0): Floats => Generator.torch(seed).uniform([count, 6], 0, 1);
const batches =
  (asked: number[] = [], count = 2) =>
  (index: number): Promise<Floats> => {
    asked.push(index);
    return Promise.resolve(rows(count, index));
  };
const numberOf = (tensor: Tensor | undefined): number => Number(tensor!.data[0]);

describe("a step", () => {
  test("has the learning rate, the KL weight and Adam's corrections of its own number", async () => {
    const engine = await start();
    const reports = [];
    for (let i = 0; i < 3; i++) reports.push(await engine.advance(batches()));
    expect(reports.map(({ step, learningRate, klWeight }) => [step, learningRate, klWeight])).toEqual([
      [1, 0.5, 0.25],
      [2, 0.25, 1.25],
      [3, 0.5 / 3, 2.25],
    ]);
    for (const [i, { inputs }] of seen.entries()) {
      expect(numberOf(inputs["kl_weight"])).toBe(i + 0.25);
      const rate = 0.5 / (i + 1);
      expect(numberOf(inputs["step_size"])).toBe(Math.fround(rate / (1 - 0.5 ** (i + 1))));
      expect(numberOf(inputs["second_correction"])).toBe(Math.fround(Math.sqrt(1 - 0.75 ** (i + 1))));
    }
    // One graph for all.
    expect([madeSessions, engine.step, engine.batches]).toEqual([1, 3, 3]);
  });

  test("goes on with the numbers of a checkpoint", async () => {
    const engine = await start({}, undefined, { step: 4, batches: 9 });
    const asked: number[] = [];
    expect(await engine.advance(batches(asked))).toMatchObject({
      step: 5,
      learningRate: 0.1,
      klWeight: 4.25,
    });
    expect(asked).toEqual([9]);
    expect(numberOf(seen[0]!.inputs["step_size"])).toBe(Math.fround(0.1 / (1 - 0.5 ** 5)));
    expect(seen[0]!.inputs["noise"]).toEqual(philoxRandomness(3).noise(9, [2, 2]));
  });

  test("has each batch's noise by its number, and asks for `accumulate` batches", async () => {
    const engine = await start({ accumulate: 3 });
    const asked: number[] = [];
    await engine.advance(batches(asked));
    await engine.advance(batches(asked));
    expect(asked).toEqual([0, 1, 2, 3, 4, 5]);
    expect(seen.map(({ inputs }) => inputs["noise"])).toEqual(
      asked.map((index) => philoxRandomness(3).noise(index, [2, 2])),
    );
    // The weights change with the last batch of a step, to which Adam's numbers belong.
    expect(seen.map(({ inputs }) => "step_size" in inputs)).toEqual([false, false, true, false, false, true]);
    expect([madeSessions, engine.step, engine.batches]).toEqual([2, 2, 6]);
  });

  test("reports the means of its batches' terms, and the one norm of its gradient", async () => {
    const engine = await start({ accumulate: 2 });
    const { terms } = await engine.advance(batches());
    for (const name of ["reconstruction", "kl", "loss"]) {
      expect(terms[name]).toBe((numberOf(seen[0]!.outputs[name]) + numberOf(seen[1]!.outputs[name])) / 2);
    }
    expect(terms["gradient_norm"]).toBe(numberOf(seen[1]!.outputs["gradient_norm"]));
  });

  test("minimises the weighted sum of its terms", async () => {
    const engine = await start();
    const { terms } = await engine.advance(batches());
    expect(terms["loss"]).toBeCloseTo(terms["reconstruction"]! + 0.25 * terms["kl"]!, 4);
  });

  test("that wants a batch which cannot be had goes on with it at the next try, as if nothing had been", async () => {
    const engine = await start({ accumulate: 2, emaDecay: () => 0.5 });
    const straight = await start({ accumulate: 2, emaDecay: () => 0.5 });
    let isThere = false;
    const asked: number[] = [];
    const batch = (index: number): Promise<Floats> => {
      asked.push(index);
      return index === 1 && !isThere ? Promise.reject(new Error("no such batch")) : batches()(index);
    };
    await expect(engine.advance(batch)).rejects.toThrow("no such batch");
    await expect(engine.advance(batch)).rejects.toThrow("no such batch");
    expect([engine.step, engine.batches]).toEqual([0, 1]);
    isThere = true;
    const report = await engine.advance(batch);
    expect(report).toEqual(await straight.advance(batches()));
    expect(asked).toEqual([0, 1, 1, 1]);
    expect(await engine.advance(batch)).toEqual(await straight.advance(batches()));
    for (const [name, tensor] of await engine.tensors()) {
      expect(tensor.data, name).toEqual((await straight.tensors()).get(name)!.data);
    }
  });

  test("averages the weights by the rate of its number", async () => {
    const engine = await start({ emaDecay: (update) => 1 - 1 / (update + 1) });
    await engine.advance(batches());
    await engine.advance(batches());
    expect(seen.map(({ inputs }) => numberOf(inputs["ema_rate"]))).toEqual([0.5, Math.fround(1 / 3)]);
    const [raw, average] = [await engine.parameters("raw"), await engine.parameters("ema")];
    expect([...raw.keys()]).toEqual(layout.places.map(({ name }) => name));
    expect(average.get("fc1.weight")!.data).not.toEqual(raw.get("fc1.weight")!.data);
  });

  test("that ruins its terms says so with its number", async () => {
    const engine = await start();
    const broken = (): Promise<Floats> =>
      Promise.resolve(Tensor.from(new Float32Array(12).fill(NaN), [2, 6]));
    await expect(engine.advance(broken)).rejects.toMatchObject({
      code: "RUNTIME",
      message: expect.stringMatching(/^Step 1: reconstruction is NaN\. Lower/) as string,
    });
    expect(engine.step).toBe(0);
  });
});

describe("pictures of another size", () => {
  test("bring graphs of their own, and those of the former size are freed", async () => {
    // The batch may differ from step to step, such as the last of an epoch: its graphs stay.
    const engine = await start();
    for (const count of [2, 3, 2, 3]) await engine.advance(batches([], count));
    expect([madeSessions, openSessions]).toEqual([2, 2]);
    await engine.evaluate(rows(2), 0);
    expect(openSessions).toBe(3);
  });
});

describe("a judgement", () => {
  test("has the noise of its step and number and the KL weight of the next step, and changes nothing", async () => {
    const engine = await start();
    await engine.advance(batches());
    const before = await engine.tensors();
    const terms = await engine.evaluate(rows(2, 7), 5);
    const { inputs, outputs } = seen.at(-1)!;
    expect(inputs["noise"]).toEqual(philoxRandomness(3).validationNoise(1, 5, [2, 2]));
    expect(numberOf(inputs["kl_weight"])).toBe(1.25);
    expect(inputs["sample"]).toEqual(rows(2, 7));
    expect(terms).toEqual(
      Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, numberOf(value)])),
    );
    expect(await engine.tensors()).toEqual(before);
    expect([engine.step, engine.batches]).toEqual([1, 1]);
  });

  test("that is no number is refused: of terms, latents, reconstructions and states", async () => {
    const engine = await start();
    const broken = Tensor.from(new Float32Array(12).fill(NaN), [2, 6]);
    await expect(engine.evaluate(broken, 0)).rejects.toMatchObject({ code: "RUNTIME" });
    await expect(engine.reconstruct(broken, "raw")).rejects.toMatchObject({
      code: "NOT_FINITE",
      message: expect.stringContaining("in the model's latents") as string,
    });
    const latents = Tensor.from(Float32Array.of(Infinity, 0), [1, 2]);
    await expect(engine.decode(latents, "raw")).rejects.toMatchObject({
      code: "NOT_FINITE",
      message: expect.stringContaining(
        "Step 0: expected finite numbers in the model's reconstruction",
      ) as string,
    });
    const nothing = Tensor.from(new Float32Array(layout.size).fill(NaN), [layout.size]);
    const ruined = await start({}, undefined, undefined, nothing);
    await expect(ruined.tensors()).rejects.toMatchObject({ code: "NOT_FINITE" });
  });

  test("looks at the weights that are asked for, pictures as they are and not their logits", async () => {
    const engine = await start({ emaDecay: () => 1 });
    await engine.advance(batches());
    const [raw, ema] = [await engine.reconstruct(rows(2), "raw"), await engine.reconstruct(rows(2), "ema")];
    expect(raw.latents.data).not.toEqual(ema.latents.data);
    // The average of a decay of 1 never moves.
    const fresh = await start();
    expect(ema).toEqual(await fresh.reconstruct(rows(2), "raw"));
    expect(raw.reconstruction.data.every((value) => value > 0 && value < 1)).toBe(true);
    expect(await engine.decode(raw.latents, "raw")).toEqual(raw.reconstruction);
    expect(await engine.decode(raw.latents, "ema")).not.toEqual(raw.reconstruction);
  });

  test("by likelihood takes its samples in parts of 10,000 rows, each with noise of its own", async () => {
    const engine = await start();
    const sample = rows(1).reshape([1, 6]);
    const inParts = await engine.negativeLogLikelihood(sample, 2, { sampleCount: 10_001, weights: "raw" });
    const shapes = seen.map(({ inputs }) => inputs["noise"]!.shape);
    expect(shapes).toEqual([
      [10_000, 2],
      [1, 2],
    ]);
    const randomness = philoxRandomness(3);
    expect(seen[0]!.inputs["noise"]).toEqual(randomness.likelihoodNoise(2, 0, [10_000, 2]));
    expect(seen[1]!.inputs["noise"]).toEqual(randomness.likelihoodNoise(2, 1, [1, 2]));
    const sums = seen.map(({ outputs }) => numberOf(outputs["log_sum"]));
    const expected = -Math.log((Math.exp(sums[0]!) + Math.exp(sums[1]!)) / 10_001);
    expect([...inParts]).toBeAllclose([expected], { absolute: 1e-6 });
    seen.length = 0;
    const two = await engine.negativeLogLikelihood(rows(2), 2, { sampleCount: 4, weights: "raw" });
    expect(seen.map(({ inputs }) => inputs["noise"]!.shape)).toEqual([[8, 2]]);
    expect(two).toHaveLength(2);
  });
});

describe("a session that cannot be made", () => {
  test("fails the step, which goes on at the next try, and is in no disposal's way", async () => {
    const [engine, straight] = [await start(), await start()];
    refusal = new Error("no memory");
    await expect(engine.advance(batches())).rejects.toThrow("no memory");
    refusal = undefined;
    expect(await engine.advance(batches())).toEqual(await straight.advance(batches()));
    refusal = new Error("no memory");
    await expect(engine.evaluate(rows(2), 0)).rejects.toThrow("no memory");
    openSessions = 1;
    await engine.dispose();
    expect(openSessions).toBe(0);
  });
});

describe("an engine that is disposed", () => {
  test("has freed its sessions and its state, refuses all work, and may be disposed again", async () => {
    const engine = await start();
    await engine.advance(batches());
    await engine.evaluate(rows(2), 0);
    expect(openSessions).toBe(2);
    await engine.dispose();
    expect(openSessions).toBe(0);
    await engine.dispose();
    await expect(engine.advance(batches())).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(engine.reconstruct(rows(2), "raw")).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(engine.tensors()).rejects.toMatchObject({ code: "DISPOSED" });
  });
});
