/** Runs that start from a model: what is frozen stays as it was, and a teacher's latents are learned. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL, Generator, readSafetensorsFile } from "../../src/node/index.ts";
import { train } from "../../src/node/training/train.ts";
import { parseRecipe } from "../../src/recipe/index.ts";
import { temporaryFolder } from "../cli/run-cli.ts";
import { savePictures } from "./train-cli.ts";

const config = {
  blockOutChannels: [4, 4],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  latentChannels: 2,
  normNumGroups: 2,
  midBlockAddAttention: false,
} as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  for (const [seed, name] of ["student", "teacher"].entries()) {
    await using vae = AutoencoderKL.fromConfig(config, { generator: Generator.torch(seed), device: "cpu" });
    await vae.savePretrained(join(folder.path, name));
  }
  await savePictures(join(folder.path, "pictures"), 4);
});
afterAll(() => folder.remove());

test("a decoder that learns beside a teacher leaves the encoder as it was, to the last bit", async () => {
  const path = (name: string): string => join(folder.path, name);
  const recipe = parseRecipe(
    {
      model: { pretrained: path("student"), trainable: ["decoder.*", "post_quant_conv.*", "quant_conv.*"] },
      data: { path: path("pictures"), resolution: 8 },
      // Frozen weights in memory and a teacher in a file, in one graph.
      loss: { distillation: { teacher: path("teacher"), latent_weight: 10 } },
      optimizer: { learning_rate: 1e-2 },
      batch_size: 2,
      steps: 30,
      log: { every: 1 },
    },
    "recipe",
  );
  const latent: number[] = [];
  const result = await train({
    recipe,
    directory: path("run"),
    threadCount: 1,
    onStep: ({ terms }) => latent.push(terms["latent"]!),
  });
  expect(latent.at(-1)).toBeLessThan(0.8 * latent[0]!);

  const file = "diffusion_pytorch_model.safetensors";
  const before = (await readSafetensorsFile(join(path("student"), file))).tensors;
  const after = (await readSafetensorsFile(join(result.modelPath!, file))).tensors;
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  for (const [name, tensor] of after) {
    if (name.startsWith("encoder.")) expect(tensor.bytes).toEqual(before.get(name)!.bytes);
  }
  expect(after.get("decoder.conv_in.weight")!.bytes).not.toEqual(before.get("decoder.conv_in.weight")!.bytes);

  const { scaling_factor: scaling } = JSON.parse(
    await readFile(join(result.modelPath!, "config.json"), "utf8"),
  ) as { scaling_factor: number };
  expect(scaling).toBeGreaterThan(0);
  expect(scaling).not.toBe(0.18215);
});

test("the model is written in the dtype of the recipe, and opens", async () => {
  const recipe = parseRecipe(
    {
      model: { pretrained: join(folder.path, "student"), save_dtype: "float16" },
      data: { path: join(folder.path, "pictures"), resolution: 8 },
      batch_size: 2,
      steps: 1,
    },
    "recipe",
  );
  const { modelPath } = await train({ recipe, directory: join(folder.path, "half"), threadCount: 1 });
  const file = join(modelPath!, "diffusion_pytorch_model.safetensors");
  const dtypes = new Set([...(await readSafetensorsFile(file)).tensors.values()].map(({ dtype }) => dtype));
  expect(dtypes).toEqual(new Set(["float16"]));
  await using vae = await AutoencoderKL.fromPretrained(modelPath!, { device: "cpu" });
  const { sample } = await vae.decode(Generator.torch(0).randn([1, 2, 4, 4]));
  expect(sample.shape).toEqual([1, 3, 8, 8]);
  expect(await readFile(join(folder.path, "half", "curves.svg"), "utf8")).toContain("<polyline");
});
