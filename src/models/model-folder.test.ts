import { describe, expect, it } from "vitest";
import { chooseModelFolder } from "./model-folder.ts";

const weights = ["config.json", "diffusion_pytorch_model.safetensors"];
const unet = { _class_name: "UNet2DConditionModel", sample_size: 64 };

describe("chooseModelFolder", () => {
  it.each([
    ["without vae", unet, weights, false, ""],
    ["without its own config.json", undefined, [], true, "vae"],
    ["without both", undefined, [], false, ""],
  ])("takes the only folder there is, without a word: %s", async (_, config, files, hasVae, subfolder) => {
    expect(await chooseModelFolder({ config, files, hasVae }, "m")).toEqual({ subfolder, warnings: [] });
  });

  it.each<[unknown, readonly string[], string]>([
    [unet, weights, 'its own config.json is that of "UNet2DConditionModel"'],
    [{ architectures: ["CLIPTextModel"] }, [], 'its own config.json is that of "CLIPTextModel"'],
    [{ _class_name: "AutoencoderKLMochi" }, weights, "AutoencoderKLMochi"],
    [{}, ["config.json"], "its own config.json is no autoencoder's"],
    [{ model_type: "pipeline" }, ["config.json"], "no autoencoder's"],
    [[], ["config.json"], "no autoencoder's"],
    ["text", ["config.json"], "no model's"],
    [{ _class_name: "AutoencoderKL" }, ["config.json"], "no weights beside its own config.json"],
  ])(
    "takes vae where the folder's own config.json %j is not a model's, and says so",
    async (config, files, reason) => {
      const { subfolder, warnings } = await chooseModelFolder({ config, files, hasVae: true }, "m");
      expect(subfolder).toBe("vae");
      expect(warnings.join()).toContain("m: took the model in its folder vae");
      expect(warnings.join()).toContain(reason);
    },
  );

  it.each([{ _class_name: "AutoencoderKL" }, { _class_name: "MlpVae" }, { latent_channels: 4 }, {}])(
    "takes the folder itself where it holds a model, and says how to get the other: %j",
    async (config) => {
      const { subfolder, warnings } = await chooseModelFolder({ config, files: weights, hasVae: true }, "m");
      expect(subfolder).toBe("");
      expect(warnings.join()).toContain('`subfolder: "vae"`');
    },
  );
});
