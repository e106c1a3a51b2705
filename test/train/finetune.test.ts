/** Runs that start from a model: what is frozen stays as it was, and a teacher's latents are learned. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL, Generator, readSafetensorsFile } from "../../src/node/index.ts";
import { train } from "../../src/training/train.ts";
import { parseRecipe } from "../../src/recipe/index.ts";
import { temporaryFolder } from "../cli/run-cli.ts";
import { flatConfig } from "./small-recipe.ts";
import { savePictures } from "./train-cli.ts";

const config = {
  blockOutChannels: [4],
  downBlockTypes: ["DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D"],
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
  const { sample } = await vae.decode(Generator.torch(0).randn([1, 2, 8, 8]));
  expect(sample.shape).toEqual([1, 3, 8, 8]);
  expect(await readFile(join(folder.path, "half", "curves.svg"), "utf8")).toContain("<polyline");
});

/** Published scalings, one of each kind: what diffusion models that exist were trained with. */
const scalings = {
  sdxl: { scalingFactor: 0.13025, shiftFactor: null, latentsMean: null, latentsStd: null },
  flux: { scalingFactor: 0.3611, shiftFactor: 0.1159, latentsMean: null, latentsStd: null },
  playground: {
    scalingFactor: 0.5,
    shiftFactor: null,
    latentsMean: [-1.6574, 1.886],
    latentsStd: [8.4927, 5.9022],
  },
};
type Scaling = (typeof scalings)[keyof typeof scalings];

/** Trains one step from a pretrained model of this scaling. */
async function finetune(
  name: string,
  scaling: Scaling,
  model: object,
): Promise<{ scaling: Scaling; notes: string[] }> {
  const pretrained = join(folder.path, `${name}-pretrained`);
  {
    await using vae = AutoencoderKL.fromConfig({ ...config, ...scaling }, { device: "cpu" });
    await vae.savePretrained(pretrained);
  }
  const recipe = parseRecipe(
    {
      model: { pretrained, ...model },
      data: { path: join(folder.path, "pictures"), resolution: 8 },
      batch_size: 2,
      steps: 1,
    },
    "recipe",
  );
  const notes: string[] = [];
  const { modelPath } = await train({
    recipe,
    directory: join(folder.path, `${name}-run`),
    threadCount: 1,
    onNote: (note) => notes.push(note),
  });
  await using trained = await AutoencoderKL.fromPretrained(modelPath!, { device: "cpu" });
  const { latentDist } = await trained.encode(Generator.torch(0).randn([1, 3, 8, 8]));
  expect(trained.normalizeLatents(latentDist.mode()).data.every(Number.isFinite)).toBe(true);
  const { scalingFactor, shiftFactor, latentsMean, latentsStd } = trained.config;
  return { scaling: { scalingFactor, shiftFactor, latentsMean, latentsStd } as Scaling, notes };
}

// What becomes of which scaling is decided without a run, in src/train/start-weights.test.ts: here is one of each in a model's folder.

test("a fine-tuned decoder keeps the scaling of its model", async () => {
  const trained = await finetune("decoder", scalings.sdxl, { trainable: ["decoder.*", "post_quant_conv.*"] });
  expect(trained).toEqual({ scaling: scalings.sdxl, notes: [] });
});

test.each(["flux", "playground"] as const)(
  "a model that is fine-tuned whole keeps the scaling of %s, and says what its latents measure now",
  async (name) => {
    const scaling = scalings[name];
    const trained = await finetune(`${name}-whole`, scaling, {});
    expect(trained.scaling).toEqual(scaling);
    expect(trained.notes).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Kept the pretrained model's scaling_factor ${scaling.scalingFactor}\\b.* measure [\\d.e-]+ and `,
        ),
      ),
    ]);
  },
);

test("calibration that the recipe asks for replaces the whole set", async () => {
  const trained = await finetune("calibrated", scalings.playground, { calibrate: true });
  expect(trained.notes).toEqual([]);
  expect(trained.scaling).toMatchObject({ latentsMean: null, latentsStd: null });
  expect(trained.scaling.scalingFactor).toBeGreaterThan(0);
  expect(trained.scaling.scalingFactor).not.toBe(scalings.playground.scalingFactor);
  expect(trained.scaling.shiftFactor).toEqual(expect.any(Number));
});

test("fresh weights are calibrated, unless their config names the scaling", async () => {
  const scratch = async (name: string, keys: object): Promise<number> => {
    const recipe = parseRecipe(
      {
        model: { config: { ...flatConfig, ...keys } },
        data: { path: join(folder.path, "pictures"), resolution: 8 },
        batch_size: 2,
        steps: 1,
      },
      "recipe",
    );
    const { modelPath } = await train({ recipe, directory: join(folder.path, name), threadCount: 1 });
    const text = await readFile(join(modelPath!, "config.json"), "utf8");
    return (JSON.parse(text) as { scaling_factor: number }).scaling_factor;
  };
  expect(await scratch("named", { scaling_factor: 0.5 })).toBe(0.5);
  expect(await scratch("unnamed", {})).not.toBe(0.18215);
});

test("a single file starts a run, as the family that the recipe names", async () => {
  const path = (name: string): string => join(folder.path, name);
  const single = {
    blockOutChannels: [32],
    downBlockTypes: config.downBlockTypes,
    upBlockTypes: config.upBlockTypes,
  };
  await using vae = AutoencoderKL.fromConfig(single, { device: "cpu" });
  await vae.savePretrained(path("single"));
  const file = path("single/diffusion_pytorch_model.safetensors");
  const run = (name: string, model: object): Promise<{ modelPath: string | undefined }> =>
    train({
      recipe: parseRecipe(
        {
          model: { pretrained: file, trainable: ["decoder.conv_out.*"], ...model },
          data: { path: path("pictures"), resolution: 8 },
          batch_size: 2,
          steps: 1,
        },
        "recipe",
      ),
      directory: path(name),
      threadCount: 1,
    });
  const { modelPath } = await run("from-file", { as: "sdxl" });
  await using trained = await AutoencoderKL.fromPretrained(modelPath!, { device: "cpu" });
  expect(trained.config.scalingFactor).toBe(0.13025);
  await expect(run("a", { subfolder: "vae" })).rejects.toThrow(
    "model.subfolder: it is for a folder or a hub id",
  );
  await expect(run("b", { pretrained: path("single"), as: "sd1" })).rejects.toThrow(
    "model.as: it is for a single file, found a folder",
  );
});
