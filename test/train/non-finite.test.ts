/** Training that has gone beyond float32 writes no model and no checkpoint, and says so. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL, Generator, readSafetensorsFile, writeSafetensorsFile } from "../../src/node/index.ts";
import { train } from "../../src/training/train.ts";
import { parseRecipe } from "../../src/recipe/index.ts";
import { temporaryFolder } from "../cli/run-cli.ts";
import { smallConfig } from "./small-recipe.ts";
import { savePictures } from "./train-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (...names: string[]): string => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await savePictures(inFolder("pictures"), 4);
});
afterAll(() => folder.remove());

/** Starts a run on the four pictures. */
function run(
  name: string,
  recipe: Record<string, unknown>,
  data: Record<string, unknown> = {},
): Promise<unknown> {
  const complete = {
    model: { config: smallConfig },
    data: { path: inFolder("pictures"), resolution: 8, ...data },
    batch_size: 2,
    steps: 4,
    ...recipe,
  };
  return train({ recipe: parseRecipe(complete, "recipe"), directory: inFolder(name), threadCount: 1 });
}

/** Such a rate makes infinite weights of a finite loss. */
const hopeless = { optimizer: { learning_rate: 1e38 }, ema: null };

test("stops at the checkpoint after the update that ruined the weights, and writes none", async () => {
  const running = run("checkpoint", { ...hopeless, checkpoints: { every: 1 } });
  await expect(running).rejects.toMatchObject({
    code: "NOT_FINITE",
    message: expect.stringMatching(
      /^Step 1: expected finite numbers in the model's .* Lower the learning/,
    ) as string,
  });
  expect(await readdir(inFolder("checkpoint"))).not.toContain("checkpoints");
});

test("stops at a validation whose reconstructions are not finite", async () => {
  const running = run("validation", { ...hopeless, validation: { every: 1 } }, { validation_count: 2 });
  await expect(running).rejects.toMatchObject({
    code: "NOT_FINITE",
    message: expect.stringMatching(
      /^Step 1: expected finite numbers in the model's (latents|reconstruction)/,
    ) as string,
  });
});

test("writes no model when the last update has ruined it", async () => {
  await expect(run("model", { ...hopeless, steps: 1 })).rejects.toMatchObject({ code: "NOT_FINITE" });
  expect(await readdir(inFolder("model"))).not.toContain("model");
});

test.each([
  ["of a model to start from", (path: string) => ({ model: { pretrained: path, trainable: ["encoder.*"] } })],
  ["of a teacher", (path: string) => ({ loss: { distillation: { teacher: path } } })],
])("does not start beside damaged weights %s", async (_, recipeOf) => {
  const path = inFolder("damaged");
  await saveDamaged(path);
  const running = run("start", recipeOf(path));
  await expect(running).rejects.toMatchObject({
    code: "NOT_FINITE",
    message: expect.stringMatching(
      /damaged: expected finite weights.*decoder\.conv_in\.weight holds/,
    ) as string,
  });
  expect(await readdir(folder.path)).not.toContain("start");
});

async function saveDamaged(path: string): Promise<void> {
  const config = {
    blockOutChannels: [4, 4],
    downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    latentChannels: 2,
    normNumGroups: 2,
    midBlockAddAttention: false,
  } as const;
  await using vae = AutoencoderKL.fromConfig(config, { generator: Generator.torch(0), device: "cpu" });
  await vae.savePretrained(path);
  const file = join(path, "diffusion_pytorch_model.safetensors");
  const { tensors } = await readSafetensorsFile(file);
  tensors.get("decoder.conv_in.weight")!.data[0] = NaN;
  await writeSafetensorsFile(file, tensors);
}
