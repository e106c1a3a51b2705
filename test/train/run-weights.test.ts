/** Which weights a run shows, judges and gives: the raw ones or their average, and of which pictures. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../src/images/node/index.ts";
import { pictureSheet, rastersOf, reconstructionSheet } from "../../src/images/picture-sheets.ts";
import { psnr, ssim, type Raster } from "../../src/images/index.ts";
import { interpolationPath, LatentCalibrator } from "../../src/latents/index.ts";
import { Generator, NodeRuntime, Tensor } from "../../src/node/index.ts";
import type { Recipe } from "../../src/recipe/index.ts";
import { openTrainable, planTraining, randomnessOf, TrainingEngine } from "../../src/train/index.ts";
import { openData, type TrainingData } from "../../src/training/training-data.ts";
import type { ValidationMetrics } from "../../src/training/options.ts";
import { flatConfig, type Section } from "./small-recipe.ts";
import { SmallRuns, type Floats } from "./small-runs.ts";

let runs: SmallRuns;
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
beforeAll(async () => {
  runs = await SmallRuns.create("pictures", 7);
});
afterAll(async () => {
  await runtime.dispose();
  await runs.remove();
});

/** An average that lags far behind, so that it cannot be taken for the weights. */
const lagging = { decay: 0.9, warmup: "none" };

/** A run's state after its last step, in an engine of its own, and its data. */
async function reopen(
  name: string,
  step: number,
  recipe: Recipe,
): Promise<AsyncDisposable & { engine: TrainingEngine; data: TrainingData }> {
  const model = openTrainable(recipe);
  const plan = planTraining(recipe, { model, discriminator: undefined, weights: {}, totalSteps: step });
  const data = await openData(recipe, {
    order: undefined,
    facts: model.facts,
    onSkip: () => undefined,
    onLeftOut: () => undefined,
  });
  const tensors = await runs.state(name, step);
  const progress = { step, batches: step };
  const engine = await TrainingEngine.create(runtime, plan, randomnessOf(recipe), tensors, progress);
  return {
    engine,
    data,
    [Symbol.asyncDispose]: async () => {
      await engine.dispose();
      await data.source.dispose();
    },
  };
}

async function all(samples: AsyncIterable<Floats>): Promise<Floats[]> {
  const found: Floats[] = [];
  for await (const sample of samples) found.push(sample);
  return found;
}

const joined = (rows: readonly Floats[]): Floats =>
  Tensor.from(Float32Array.from(rows.flatMap(({ data }) => [...data])), [
    rows.length,
    ...rows[0]!.shape.slice(1),
  ]);

const sheet = (name: string, step: number, kind: string): Promise<Buffer> =>
  readFile(runs.at(name, "samples", `step-${String(step).padStart(6, "0")}-${kind}.png`));

const pngOf = async (raster: Raster): Promise<Buffer> =>
  Buffer.from(await encodePng(raster, { ownPicture: "sample sheet" }));

describe("a run with an average of its weights", () => {
  const sections = { ema: lagging, steps: 3, data: { validation_count: 3 }, samples: { count: 2 } };
  let validation: ValidationMetrics | undefined;
  let state: Awaited<ReturnType<typeof reopen>>;
  beforeAll(async () => {
    ({ validation } = await runs.train("ema", sections));
    state = await reopen("ema", 3, runs.recipe(sections));
  });
  afterAll(() => state[Symbol.asyncDispose]());

  it("gives the average, not the weights of the last step", async () => {
    const [average, raw, model] = [
      await runs.parameters("ema", 3, "ema"),
      await runs.parameters("ema", 3, "parameters"),
      await runs.model("ema"),
    ];
    expect([...model.keys()].sort()).toEqual([...average.keys()].sort());
    for (const [name, tensor] of model) expect(tensor.data, name).toEqual(average.get(name)!.data);
    expect(model.get("decoder.conv_in.weight")!.data).not.toEqual(raw.get("decoder.conv_in.weight")!.data);
  });

  it("scales the latents of the average", async () => {
    const factorOf = async (kind: "raw" | "ema"): Promise<number[]> => {
      const calibrator = new LatentCalibrator(2);
      await using review = Object.assign(await state.data.openForReview(), {
        async [Symbol.asyncDispose](this: { dispose(): Promise<void> }) {
          await this.dispose();
        },
      });
      // Four pictures to train on, two in a batch: an epoch.
      for (const index of [0, 1]) {
        calibrator.add((await state.engine.reconstruct(await review.batch(index), kind)).latents);
      }
      const { scalingFactor, shiftFactor } = calibrator.result();
      return [scalingFactor.value, shiftFactor.value].map((value) => Number(value.toPrecision(5)));
    };
    const { scaling_factor, shift_factor } = await runs.config("ema");
    expect([scaling_factor, shift_factor]).toEqual(await factorOf("ema"));
    expect([scaling_factor, shift_factor]).not.toEqual(await factorOf("raw"));
  });

  it("judges both by the pictures that are held out", async () => {
    const expected: Record<string, number> = {};
    const samples = await all(state.data.validation());
    for (const [kind, name] of [
      ["raw", "psnr"],
      ["ema", "ema_psnr"],
    ] as const) {
      const values: number[] = [];
      for (const sample of samples) {
        const { reconstruction } = await state.engine.reconstruct(sample, kind);
        values.push(psnr(rastersOf(sample, "signed")[0]!, rastersOf(reconstruction, "signed")[0]!));
      }
      expected[name] = values.reduce((sum, value) => sum + value, 0) / 3;
    }
    // 8 pixels are no window for SSIM.
    expect(validation).toEqual(expected);
    expect(validation!["psnr"]).not.toBe(validation!["ema_psnr"]);
    expect((await runs.log("ema")).at(-1)).toEqual({ step: 3, validation });
  });

  it("shows both beside their inputs, and decodes the prior and a way between two pictures by the average", async () => {
    const { engine } = state;
    const inputs = (await all(state.data.validation())).slice(0, 2);
    const ofKind = async (kind: "raw" | "ema") => {
      const results = [];
      for (const input of inputs) results.push(await engine.reconstruct(input, kind));
      return {
        latents: results.map(({ latents }) => latents),
        reconstructions: joined(results.map(({ reconstruction }) => reconstruction)),
      };
    };
    const [raw, ema] = [await ofKind("raw"), await ofKind("ema")];
    const expected = reconstructionSheet({
      inputs: joined(inputs),
      reconstructions: raw.reconstructions,
      emaReconstructions: ema.reconstructions,
      range: "signed",
    });
    expect(await sheet("ema", 3, "reconstructions")).toEqual(await pngOf(expected));

    const latents = joined(ema.latents);
    const mean = latents.data.reduce((sum, value) => sum + value, 0) / latents.size;
    const std = Math.sqrt(latents.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / latents.size);
    const noise = Generator.philox(0).randn(latents.shape);
    const drawn = Tensor.from(
      noise.data.map((value) => value * std + mean),
      latents.shape,
    );
    const prior = await engine.decode(drawn, "ema");
    expect(await sheet("ema", 3, "prior")).toEqual(await pngOf(pictureSheet(prior, "signed")));

    const way = await engine.decode(interpolationPath(ema.latents[0]!, ema.latents[1]!, 8), "ema");
    expect(await sheet("ema", 3, "interpolation")).toEqual(await pngOf(pictureSheet(way, "signed", 8)));
  });
});

describe("a run without an average", () => {
  const sections = {
    model: { config: flatConfig },
    steps: 2,
    data: { resolution: 12, validation_count: 2 },
    samples: { count: 8 },
  };

  it("gives, judges and shows the weights of the last step", async () => {
    const { validation } = await runs.train("raw", sections);
    const recipe = runs.recipe(sections);
    const raw = await runs.parameters("raw", 2, "parameters", recipe);
    for (const [name, tensor] of await runs.model("raw")) expect(tensor.data).toEqual(raw.get(name)!.data);
    await using state = await reopen("raw", 2, recipe);
    const samples = await all(state.data.validation());
    expect(samples).toHaveLength(2);
    const results: Floats[] = [];
    for (const sample of samples) {
      results.push((await state.engine.reconstruct(sample, "raw")).reconstruction);
    }
    const meanOf = (measure: (a: Raster, b: Raster) => number): number =>
      samples
        .map((sample, i) => measure(rastersOf(sample, "signed")[0]!, rastersOf(results[i]!, "signed")[0]!))
        .reduce((sum, value) => sum + value, 0) / 2;
    expect(validation).toEqual({ psnr: meanOf(psnr), ssim: meanOf(ssim) });
    const expected = reconstructionSheet({
      inputs: joined(samples),
      reconstructions: joined(results),
      range: "signed",
    });
    expect(await sheet("raw", 2, "reconstructions")).toEqual(await pngOf(expected));
  });

  it("and without pictures that are held out shows those that it trains on, and judges none", async () => {
    const all7 = { ...sections, data: { resolution: 8 }, samples: { count: 2 } };
    const { validation } = await runs.train("seen", all7);
    expect(validation).toBeUndefined();
    expect((await runs.log("seen")).filter((line) => "validation" in line)).toEqual([]);
    await using state = await reopen("seen", 2, runs.recipe(all7));
    const inputs = await state.data.source.batch(0);
    const { reconstruction } = await state.engine.reconstruct(inputs, "raw");
    const expected = reconstructionSheet({ inputs, reconstructions: reconstruction, range: "signed" });
    expect(await sheet("seen", 2, "reconstructions")).toEqual(await pngOf(expected));
  });

  it("shows no way between two pictures where there is one", async () => {
    const one: Section = { ...sections, steps: 1, samples: { count: 1 } };
    await runs.train("one", one);
    await expect(sheet("one", 1, "interpolation")).rejects.toMatchObject({ code: "ENOENT" });
    expect((await sheet("one", 1, "prior")).length).toBeGreaterThan(0);
  });
});
