/** Training from tensors in memory: what a Trainer takes, gives and refuses. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL, Generator, NodeRuntime, Tensor } from "../../src/node/index.ts";
import { parseRecipe, Trainer, type StepReport } from "../../src/training/index.ts";
import { smallConfig } from "./small-recipe.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-trainer-"));
});
afterAll(async () => {
  await runtime.dispose();
  await rm(folder, { recursive: true });
});

const small = { model: { config: smallConfig }, batch_size: 2, steps: 4, optimizer: { learning_rate: 1e-2 } };
const pictures = Generator.torch(3).uniform([5, 3, 8, 12], -1, 1);

async function reportsOf(trainer: Trainer): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  while (trainer.step < trainer.totalSteps) reports.push(await trainer.advance());
  return reports;
}

const lossesOf = (reports: readonly StepReport[]): number[] => reports.map(({ terms }) => terms["loss"]!);

/** The pictures of these numbers. */
const some = (...numbers: readonly number[]): Tensor<"float32"> =>
  Tensor.from(
    Float32Array.from(numbers.flatMap((i) => [...pictures.data.subarray(i * 288, (i + 1) * 288)])),
    [numbers.length, 3, 8, 12],
  );

const refusal = async (call: () => unknown): Promise<{ code: string; message: string }> => {
  try {
    await call();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error("nothing was refused");
};

describe("a Trainer", () => {
  test("learns its pictures, of any size that the model takes, and gives a model that opens", async () => {
    const trainer = await Trainer.fromRecipe(runtime, { ...small, steps: 20 }, { data: pictures });
    const losses = lossesOf(await reportsOf(trainer));
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.9);
    expect(trainer.recipe.data).toMatchObject({ type: "tensors", channels: 3, height: 8, width: 12 });
    const { reconstruction } = await trainer.reconstruct(pictures);
    for (const [name, bytes] of await trainer.modelFiles()) await writeFile(join(folder, name), bytes);
    await using vae = await AutoencoderKL.fromPretrained(folder, { device: "cpu" });
    const { sample } = await vae.forward(pictures);
    // The graph of inference computes the same sums in another order.
    expect(sample).toBeAllclose(reconstruction, { absolute: 1e-5, relative: 1e-5 });
    expect(vae.config.scalingFactor).not.toBe(0.18215);
    await trainer.dispose();
  });

  test("takes a function of batches for the same pictures, and a recipe for pictures in files", async () => {
    const recipe = parseRecipe({ ...small, data: { path: "photos", resolution: 8 } });
    const order = [0, 1, 2, 3];
    const seen: number[] = [];
    const batch = (index: number): Tensor => {
      seen.push(index);
      return some(order[(2 * index) % 4]!, order[(2 * index + 1) % 4]!);
    };
    await using given = await Trainer.fromRecipe(runtime, recipe, { data: batch });
    const found = lossesOf(await reportsOf(given));
    expect(seen).toEqual([0, 0, 1, 2, 3]);
    await using again = await Trainer.fromRecipe(runtime, small, {
      data: (index) => Promise.resolve(batch(index)),
    });
    expect(lossesOf(await reportsOf(again))).toEqual(found);
  });

  test("counts epochs of a tensor, and repeats itself with its seed", async () => {
    const recipe = { ...small, steps: undefined, epochs: 2, batch_size: 1 };
    const run = async (seed: number): Promise<number[]> => {
      await using trainer = await Trainer.fromRecipe(runtime, { ...recipe, seed }, { data: pictures });
      expect(trainer.totalSteps).toBe(10);
      return lossesOf(await reportsOf(trainer));
    };
    const losses = await run(1);
    expect(await run(1)).toEqual(losses);
    expect(await run(2)).not.toEqual(losses);
  });

  test("makes calls wait for each other", async () => {
    await using trainer = await Trainer.fromRecipe(runtime, { ...small, accumulate: 2 }, { data: pictures });
    const [first, second, terms] = await Promise.all([
      trainer.advance(),
      trainer.advance(),
      trainer.evaluate(some(0, 1)),
    ]);
    expect([first.step, second.step]).toEqual([1, 2]);
    await using alone = await Trainer.fromRecipe(runtime, { ...small, accumulate: 2 }, { data: pictures });
    const [one, two] = [await alone.advance(), await alone.advance()];
    expect([first, second]).toEqual([one, two]);
    expect(terms).toEqual(await alone.evaluate(some(0, 1)));
  });

  test("gives an mlp rows of any pictures, and the pictures' shape back", async () => {
    const model = { type: "mlp", input_size: 288, hidden_sizes: [8], latent_size: 2 } as const;
    const unit = Tensor.from(
      pictures.data.map((value) => (value + 1) / 2),
      pictures.shape,
    );
    await using trainer = await Trainer.fromRecipe(
      runtime,
      { model, batch_size: 5, steps: 2 },
      { data: unit },
    );
    await reportsOf(trainer);
    const { latents, reconstruction } = await trainer.reconstruct(unit);
    expect([latents.shape, reconstruction.shape]).toEqual([
      [5, 2],
      [5, 3, 8, 12],
    ]);
    expect((await trainer.decode(latents)).data).toEqual(reconstruction.data);
    const config = new TextDecoder().decode((await trainer.modelFiles()).get("config.json"));
    expect(JSON.parse(config)).toMatchObject({ _class_name: "MlpVae", input_size: 288 });
  });

  test("has an adversary, set to its pictures, where the recipe has one", async () => {
    const adversarial = { weight: 0.5, channels: 4, layers: 1, norm: "actnorm" } as const;
    const recipe = { ...small, steps: 2, loss: { adversarial } };
    await using trainer = await Trainer.fromRecipe(runtime, recipe, { data: pictures });
    const [report] = await reportsOf(trainer);
    expect(report!.terms["discriminator"]).toBeGreaterThan(0);
  });
});

describe("a Trainer refuses", () => {
  const from = (recipe: object, data: unknown = pictures) =>
    refusal(() => Trainer.fromRecipe(runtime, recipe, { data: data as never }));
  const cases: Record<string, [recipe: object, data: unknown, code: string, message: RegExp]> = {
    "a key of nobody": [{ ...small, batchSize: 2 }, pictures, "INVALID_CONFIG", /batchSize: .* batch_size\?/],
    "where pictures are": [
      { ...small, data: { path: "photos" } },
      pictures,
      "INVALID_CONFIG",
      /data\.path: no such key; only another type of data has it/,
    ],
    "channels that the model lacks": [
      { ...small, model: { config: { ...smallConfig, in_channels: 1 } } },
      pictures,
      "INVALID_CONFIG",
      /model\.config\.in_channels: expected the data's 3 channels, found 1/,
    ],
    "sides that the model cannot halve": [
      small,
      Tensor.zeros([2, 3, 8, 7]),
      "INVALID_CONFIG",
      /factor divides the pictures' 8 x 7 pixels, found 2/,
    ],
    "fewer pictures than a batch": [small, some(0), "INVALID_ARGUMENT", /number of examples, 1, found 2/],
    "rows for a model of pictures": [small, Tensor.zeros([2, 64]), "INVALID_CONFIG", /1 x 1 pixels/],
    "a tensor of three axes": [
      small,
      Tensor.zeros([3, 8, 8]),
      "INVALID_ARGUMENT",
      /\[N, C, H, W\].*\[3, 8, 8\]/,
    ],
    "epochs of a function": [
      { ...small, steps: null, epochs: 2 },
      () => some(0, 1),
      "INVALID_ARGUMENT",
      /epochs: a function of batches has no epochs/,
    ],
    "weights in files": [
      { ...small, model: { pretrained: "vae" } },
      pictures,
      "UNSUPPORTED",
      /model\.pretrained: a Trainer reads no files\..* train, in Node/,
    ],
    "phases of other sizes": [
      { ...small, phases: [{ step: 2, resolution: 16, batch_size: 1 }] },
      pictures,
      "INVALID_CONFIG",
      /phases: the pictures of data\.type tensors have one size/,
    ],
  };
  test.each(Object.entries(cases))("%s", async (_, [recipe, data, code, message]) => {
    expect(await from(recipe, data)).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test("a batch of another size, in the middle, and goes on afterwards", async () => {
    let wrong = true;
    const data = (index: number): Tensor => (index === 1 && wrong ? Tensor.zeros([2, 1, 8, 8]) : some(0, 1));
    await using trainer = await Trainer.fromRecipe(runtime, small, { data });
    await trainer.advance();
    expect(await refusal(() => trainer.advance())).toMatchObject({
      code: "INVALID_ARGUMENT",
      message:
        "Trainer: data: expected pictures [N, 3, H, W] with sides that are multiples of 2, found [2, 1, 8, 8].",
    });
    wrong = false;
    expect((await trainer.advance()).step).toBe(2);
  });

  test("everything after its block, which disposes it", async () => {
    let kept: Trainer | undefined;
    {
      await using trainer = await Trainer.fromRecipe(runtime, small, { data: pictures });
      kept = trainer;
    }
    expect(await refusal(() => kept.advance())).toMatchObject({ code: "DISPOSED" });
  });

  test("everything once it is disposed, and disposing twice does no harm", async () => {
    const trainer = await Trainer.fromRecipe(runtime, small, { data: pictures });
    await trainer.dispose();
    await trainer.dispose();
    for (const call of [
      () => trainer.advance(),
      () => trainer.reconstruct(pictures),
      () => trainer.parameters(),
    ])
      expect(await refusal(call)).toMatchObject({ code: "DISPOSED" });
  });
});
