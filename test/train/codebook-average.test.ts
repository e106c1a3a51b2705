/** Rows that follow the latents: over the batches of a step, and where there are more rows than places. */
import { afterAll, expect, test } from "vitest";
import { codebookName } from "../../src/models/index.ts";
import { Generator, NodeRuntime, Tensor } from "../../src/node/index.ts";
import { GraphBuilder } from "../../src/graph/index.ts";
import { CodebookAverage } from "../../src/train/codebook/codebook.ts";
import { followLatents } from "../../src/train/codebook/follow.ts";
import { quantizeLatents } from "../../src/train/codebook/quantize.ts";
import { Trainer } from "../../src/train/public.ts";
import { flatConfig } from "./small-recipe.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

test("a step of two batches moves the rows as a step of both at once does", async () => {
  const pictures = Generator.torch(3).uniform([2, 3, 8, 8], -1, 1);
  const half = pictures.data.length / 2;
  const one = (index: number): Tensor<"float32"> =>
    Tensor.from(pictures.data.slice(index * half, (index + 1) * half), [1, 3, 8, 8]);
  const rowsAfter = async (batchSize: number, accumulate: number, steps: number): Promise<Tensor> => {
    const recipe = {
      model: {
        type: "vq_model" as const,
        config: { ...flatConfig, num_vq_embeddings: 5 },
        quantizer: { ema: { decay: 0.5 } },
      },
      // The encoder stays where it is, so that both find the same latents.
      optimizer: { learning_rate: 1e-30, weight_decay: 0 },
      batch_size: batchSize,
      accumulate,
      steps: 2,
    };
    const data = (index: number): Promise<Tensor> =>
      Promise.resolve(batchSize === 2 ? pictures : one(index % 2));
    await using trainer = await Trainer.fromRecipe(runtime, recipe, { data });
    for (let step = 0; step < steps; step++) await trainer.advance();
    return (await trainer.parameters()).get(codebookName)!;
  };
  const before = await rowsAfter(2, 1, 0);
  // A second step, since the first leaves sums behind that must not count again.
  const after = await rowsAfter(2, 1, 2);
  expect(after.equals(before)).toBe(false);
  expect(await rowsAfter(1, 2, 2)).toBeAllclose(after, { absolute: 1e-6 });
});

test("unused rows begin anew at the latents of the batch, in turns where there are fewer of these", async () => {
  const average = new CodebookAverage({ decay: 0.5, epsilon: 1e-12, restartBelow: 0.9 }, [5, 1], 1);
  const builder = new GraphBuilder("follow");
  const z = builder.input("z", "float32", [1, 1, 1, 2]);
  const codebook = builder.input("codebook", "float32", [5, 1]);
  const { rows, outputs } = followLatents(builder, average, quantizeLatents(builder, z, codebook));
  const session = await runtime.createSession(builder.build({ rows, ...outputs }));
  const start = Tensor.from(Float32Array.of(10, 20, 30, 40, 50), [5, 1]);
  const found = await session.run({
    z: Tensor.from(Float32Array.of(31, 52), [1, 1, 1, 2]),
    codebook: start,
    "codebook.statistics": average.startAt(start),
  });
  await session.dispose();
  // Rows 2 and 4 were used: halfway between what they were and what is nearest to them. The others: 31, 52, 31, 52 in turns.
  expect(found["rows"]).toBeAllclose(Tensor.from(Float32Array.of(31, 52, 30.5, 52, 51), [5, 1]), {
    absolute: 1e-4,
  });
});
