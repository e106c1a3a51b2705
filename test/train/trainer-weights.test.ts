/** What a Trainer gives of its weights: the average where the recipe has one, at every question; and how calls follow each other. */
import { afterAll, describe, expect, test } from "vitest";
import { NodeRuntime, Generator, Tensor } from "../../src/node/index.ts";
import { Trainer } from "../../src/train/public.ts";
import { parseSafetensors } from "../../src/weights/index.ts";
import { bytesInMemory } from "../../src/tensor/byte-source.ts";
import { readTensor } from "../../src/weights/index.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const rows = Generator.torch(1).uniform([5, 8], 0, 1);
const mlp = {
  model: { type: "mlp", input_size: 8, hidden_sizes: [3], latent_size: 2 },
  batch_size: 2,
  steps: 2,
  optimizer: { learning_rate: 0.5 },
} as const;
/** An average that never moves. */
const still = { decay: 0.999999, warmup: "none" } as const;

const open = (more: object = {}, data: unknown = rows): Promise<Trainer> =>
  Trainer.fromRecipe(runtime, { ...mlp, ...more }, { data: data as never });

const near = { absolute: 1e-4 };

describe("a Trainer with an average of its weights", () => {
  test("answers every question with it", async () => {
    await using trainer = await open({ ema: still });
    await using fresh = await open();
    await using raw = await open();
    for (let step = 0; step < 2; step++) {
      await trainer.advance();
      await raw.advance();
    }
    const [average, first, last] = [
      await trainer.parameters(),
      await fresh.parameters(),
      await raw.parameters(),
    ];
    for (const [name, tensor] of average) expect(tensor).toBeAllclose(first.get(name)!, near);
    expect(last.get("fc1.weight")).not.toEqual(first.get("fc1.weight"));
    const question = await trainer.reconstruct(rows);
    expect(question.latents).toBeAllclose((await fresh.reconstruct(rows)).latents, near);
    expect(question.latents.data).not.toEqual((await raw.reconstruct(rows)).latents.data);
    const latents = Tensor.from(Float32Array.of(1, -1), [1, 2]);
    expect(await trainer.decode(latents)).toBeAllclose(await fresh.decode(latents), near);
    expect((await trainer.decode(latents)).data).not.toEqual((await raw.decode(latents)).data);
    const files = await trainer.modelFiles();
    const { tensors, metadata } = await parseSafetensors(
      bytesInMemory(files.get("diffusion_pytorch_model.safetensors")!),
    );
    expect(metadata).toEqual({ format: "pt" });
    for (const [name, tensor] of average) {
      expect((await readTensor(tensors.get(name)!)).equals(tensor)).toBe(true);
    }
  });

  test("is judged by the weights that are trained, which is what its steps report", async () => {
    await using trainer = await open({ ema: still });
    await using raw = await open();
    await trainer.advance();
    await raw.advance();
    expect(await trainer.evaluate(rows)).toEqual(await raw.evaluate(rows));
  });
});

describe("the length of a Trainer's run", () => {
  test.each([
    [{ steps: null, epochs: 3 }, 6],
    [{ steps: null, epochs: 3, accumulate: 4 }, 2],
    [{ steps: null, epochs: 1, data: { keep_last: true } }, 3],
    [{ steps: 7 }, 7],
  ])("%j of five pictures, two in a batch, is %i steps", async (length, steps) => {
    await using trainer = await open(length);
    expect(trainer.totalSteps).toBe(steps);
    // Two layers to 3 and to 8 numbers, two heads of 2.
    expect(trainer.parameterCount).toBe(8 * 3 + 3 + 2 * (3 * 2 + 2) + 2 * 3 + 3 + 3 * 8 + 8);
    expect(trainer.step).toBe(0);
  });
});

describe("a Trainer's calls", () => {
  test("follow each other, also where one before has failed", async () => {
    let wrong = true;
    const data = (index: number): Tensor => (index === 1 && wrong ? Tensor.zeros([2, 7]) : rows);
    await using trainer = await open({ accumulate: 2 }, data);
    const [first, second, third] = await Promise.allSettled([
      trainer.advance(),
      trainer.reconstruct(rows),
      trainer.advance().finally(() => {
        wrong = false;
      }),
    ]);
    expect([first.status, second.status, third.status]).toEqual(["rejected", "fulfilled", "rejected"]);
    await using straight = await open({ accumulate: 2 }, () => rows);
    expect(await trainer.advance()).toEqual(await straight.advance());
  });

  test("may go on beyond the run's last step", async () => {
    await using trainer = await open({ steps: 1 });
    expect([(await trainer.advance()).step, (await trainer.advance()).step]).toEqual([1, 2]);
  });

  test.each([[[1, 3]], [[0, 2]], [[2]], [[1, 2, 1, 1]]])("refuse latents %j", async (shape) => {
    await using trainer = await open();
    await expect(trainer.decode(Tensor.zeros(shape))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `Trainer.decode: latents: expected [N, 2], found [${shape.join(", ")}].`,
    });
  });
});
