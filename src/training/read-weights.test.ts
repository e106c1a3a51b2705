import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AutoencoderKL, Generator, writeSafetensorsFile } from "../node/index.ts";
import { parseRecipe } from "../recipe/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { readWeights } from "./read-weights.ts";

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-read-weights-"));
  for (const [seed, name] of ["model/vae", "teacher"].entries()) {
    const config = {
      blockOutChannels: [4, 4],
      downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
      upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
      latentChannels: 2 + seed,
      normNumGroups: 2,
      midBlockAddAttention: false,
    } as const;
    await using vae = AutoencoderKL.fromConfig(config, { generator: Generator.torch(seed), device: "cpu" });
    await vae.savePretrained(at(name));
  }
  await writeSafetensorsFile(at("lpips.safetensors"), new Map([["features.0.bias", Tensor.zeros([2])]]));
});
afterAll(() => rm(folder, { recursive: true }));

const data = { path: "pictures" };

describe("the weights that a recipe names", () => {
  it("are read: what training starts from, a teacher, LPIPS", async () => {
    const recipe = parseRecipe({
      data,
      model: { pretrained: at("model"), subfolder: "vae" },
      loss: { distillation: { teacher: at("teacher") }, perceptual: { weights: at("lpips.safetensors") } },
    });
    const { pretrained, teacher, perceptual } = await readWeights(recipe);
    expect([pretrained!.config.latentChannels, teacher!.config.latentChannels]).toEqual([2, 3]);
    expect(pretrained!.tensors.get("encoder.conv_in.weight")!.shape).toEqual([4, 3, 3, 3]);
    expect(teacher!.tensors.get("quant_conv.weight")!.shape).toEqual([6, 6, 1, 1]);
    expect([...perceptual!.keys()]).toEqual(["features.0.bias"]);
  });

  it("are none where it names none", async () => {
    expect(await readWeights(parseRecipe({ data }))).toEqual({});
    const mlp = { model: { type: "mlp" }, data: { path: "digits" } };
    expect(await readWeights(parseRecipe(mlp))).toEqual({});
  });

  it("are looked for where the recipe says", async () => {
    const of = (model: object) => readWeights(parseRecipe({ data, model: { pretrained: folder, ...model } }));
    expect((await of({ subfolder: "teacher" })).pretrained!.config.latentChannels).toBe(3);
    await expect(of({})).rejects.toMatchObject({ name: "VaekitError" });
    await expect(of({ subfolder: "teacher", variant: "fp16" })).rejects.toThrow("fp16");
  });

  it.each([
    ["subfolder", "vae", "a folder or a hub id, found a single file"],
    ["variant", "fp16", "a folder or a hub id, found a single file"],
  ])("have no %s in a single file", async (key, value, message) => {
    const file = at("teacher", "diffusion_pytorch_model.safetensors");
    await expect(
      readWeights(parseRecipe({ data, model: { pretrained: file, [key]: value } })),
    ).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      message: `model.${key}: it is for ${message}: ${file}. Remove it.`,
    });
  });

  it("are of no named family in a folder", async () => {
    await expect(
      readWeights(parseRecipe({ data, model: { pretrained: at("teacher"), as: "sdxl" } })),
    ).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      message: `model.as: it is for a single file, found a folder or a hub id: ${at("teacher")}. Remove it.`,
    });
  });
});
