import { describe, expect, it } from "vitest";
import { modelOfConfig } from "./registry.ts";

const refusal = (code: string, what: string): Error =>
  expect.objectContaining({ code, message: expect.stringContaining(what) as string }) as Error;

/** Every autoencoder of diffusers 0.42 that vaekit does not read. */
const autoencoders = {
  AsymmetricAutoencoderKL: "an AsymmetricAutoencoderKL",
  AutoencoderKLAllegro: "Allegro's",
  AutoencoderKLCogVideoX: "CogVideoX's",
  AutoencoderKLCosmos: "Cosmos'",
  AutoencoderKLHunyuanImageRefiner: "HunyuanVideo's",
  AutoencoderKLHunyuanVideo: "HunyuanVideo's",
  AutoencoderKLHunyuanVideo15: "HunyuanVideo's",
  AutoencoderKLKVAE: "Kandinsky's",
  AutoencoderKLKVAEAudio: "an audio autoencoder",
  AutoencoderKLKVAEVideo: "a video autoencoder",
  AutoencoderKLLTX2Audio: "an audio autoencoder",
  AutoencoderKLLTX2Video: "LTX-Video's",
  AutoencoderKLLTXVideo: "LTX-Video's",
  AutoencoderKLMagvit: "EasyAnimate's",
  AutoencoderKLMiniMaxH3: "MiniMax H3's",
  AutoencoderKLMiniMaxH3Audio: "an audio autoencoder",
  AutoencoderKLMochi: "Mochi's",
  AutoencoderKLTemporalDecoder: "Stable Video Diffusion's",
  AutoencoderOobleck: "an audio autoencoder",
  AutoencoderRAE: "an autoencoder of representations",
  AutoencoderSAME: "an audio autoencoder",
  AutoencoderVidTok: "a video autoencoder",
  ConsistencyDecoderVAE: "the consistency decoder",
  Cosmos3AVAEAudioTokenizer: "an audio autoencoder",
  Kandinsky6SRVAE: "a video autoencoder",
  LongCatAudioDiTVae: "an audio autoencoder",
  LTX2VideoDiffusionDecoderModel: "LTX-Video's",
  MMAudioVAE: "an audio autoencoder",
};

/** Classes of diffusers and transformers that are no autoencoders. */
const parts = {
  "a ControlNet": ["ControlNetModel", "FluxControlNetModel", "UNetControlNetXSModel", "T2IAdapter"],
  "a diffusion transformer": [
    "FluxTransformer2DModel",
    "DiTTransformer2DModel",
    "HunyuanDiT2DModel",
    "StableAudioDiTModel",
    "Cosmos3OmniTransformer",
    "PriorTransformer",
    "UVit2DModel",
  ],
  "a diffusion model's UNet": ["UNet2DConditionModel", "UNetMotionModel", "Kandinsky3UNet"],
  "a text or picture encoder": [
    "CLIPTextModel",
    "ChineseCLIPModel",
    "UMT5EncoderModel",
    "LlamaForCausalLM",
    "Qwen2_5_VLForConditionalGeneration",
    "Gemma2Model",
    "MistralModel",
    "SiglipVisionModel",
    "XLMRobertaModel",
    "GPT2Model",
    "OpenAIGPTModel",
    "ModernTextModel",
    "KandinskyTextEncoder",
    "PhiForCausalLM",
    "Florence2ForConditionalGeneration",
  ],
  "a schedule of noise": ["PNDMScheduler", "UnCLIPScheduler"],
  "a whole pipeline": [
    "StableDiffusionPipeline",
    "StableDiffusionControlNetPipeline",
    "QwenImagePipeline",
    "DiTPipeline",
  ],
};

describe("a config", () => {
  it.each(Object.entries(autoencoders))("of %s says that it is %s, which comes later", async (name, what) => {
    const text = `config.json: "${name}": this is ${what}`;
    const read = () => modelOfConfig({ _class_name: name }, "config.json");
    await expect(read()).rejects.toThrow(refusal("UNSUPPORTED", text));
    await expect(read()).rejects.toThrow(
      / vaekit does not read it yet; expected one of the classes .*AutoencoderKL/,
    );
  });

  it.each(Object.entries(parts).flatMap(([what, names]) => names.map((name) => [name, what] as const)))(
    "of %s says that it is %s",
    async (name, what) => {
      await expect(modelOfConfig({ _class_name: name }, "config.json")).rejects.toThrow(
        refusal("INVALID_CONFIG", `found that of "${name}", ${what}`),
      );
    },
  );

  it.each([
    "SomethingNew",
    // They only resemble what is known.
    "MyAutoencoderKLHunyuanVideo",
    "MyAutoencoderKLNewAudio",
    "AutoencoderKLNewAudioCodec",
    "MyT2IAdapter",
    "SchedulerMixin",
    "PipelineMixin",
  ])("of %s, which nobody knows, says its name", async (name) => {
    await expect(modelOfConfig({ _class_name: name }, "config.json")).rejects.toThrow(
      refusal("INVALID_CONFIG", `, found that of "${name}".`),
    );
  });

  it.each([
    [{ _class_name: null }, "found that of null."],
    [{ _class_name: ["AutoencoderKL"] }, 'found that of ["AutoencoderKL"].'],
    [{ architectures: ["CLIPTextModel"], model_type: "clip" }, '"CLIPTextModel", a text or picture encoder'],
    [{ architectures: ["SomethingNew", "CLIPTextModel"] }, 'found that of "SomethingNew".'],
    [{ _class_name: "VQDiffusion", architectures: ["CLIPTextModel"] }, 'found that of "VQDiffusion".'],
  ])("of %j says that it is another model's", async (json, what) => {
    await expect(modelOfConfig(json, "config.json")).rejects.toThrow(refusal("INVALID_CONFIG", what));
  });

  it("with architectures that are no list names no class", async () => {
    expect(await modelOfConfig({ architectures: "CLIPTextModel" }, "config.json")).toBe(
      await modelOfConfig({}, "config.json"),
    );
  });
});
