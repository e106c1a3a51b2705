import { describe, expect, it } from "vitest";
import { modelOfFile, type FileOfModel } from "../weights/single-file.ts";
import { bytesInMemory } from "../tensor/byte-source.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { autoencoderKL } from "./autoencoder-kl/model.ts";
import { areOfOtherAutoencoder, describeOtherPart } from "./other-tensors.ts";

type Names = Readonly<Record<string, readonly number[]>>;

const stored = (names: Names): Map<string, StoredTensor> =>
  new Map(
    Object.entries(names).map(([name, shape]) => [
      name,
      {
        name,
        shape,
        dtype: "float32",
        source: bytesInMemory(new Uint8Array(), "f.safetensors"),
        byteOffset: 0,
        byteLength: 0,
      },
    ]),
  );

const open = (names: Names): Promise<FileOfModel> => modelOfFile(stored(names), "f.safetensors");

/** Some tensors of each, with their shapes, as the published files have them. */
const kl: Names = {
  "encoder.conv_in.weight": [128, 3, 3, 3],
  "encoder.down_blocks.0.resnets.0.conv1.weight": [128, 128, 3, 3],
  "decoder.conv_in.weight": [512, 4, 3, 3],
};
const autoencoders: [what: RegExp, names: Names][] = [
  [/VQModel/, { ...kl, "quantize.embed": [8192, 3] }],
  [/VQModel/, { ...kl, "quantize.embeddings": [8192, 3] }],
  [
    /consistency decoder/,
    { "encoder.conv_in.weight": [128, 3, 3, 3], "decoder_unet.conv_out.weight": [6, 320, 3, 3] },
  ],
  [/AsymmetricAutoencoderKL/, { ...kl, "decoder.condition_encoder.layers.0.weight": [192, 3, 3, 3] }],
  [/Stable Video Diffusion/, { ...kl, "decoder.time_conv_out.weight": [3, 3, 3, 1, 1] }],
  [/Stable Video Diffusion/, { ...kl, "decoder.up.0.block.0.time_stack.in_layers.0.weight": [128] }],
  [/Stable Video Diffusion/, { ...kl, "decoder.conv_out.time_mix_conv.weight": [3, 3, 3, 1, 1] }],
  [
    /CogVideoX/,
    {
      "encoder.conv_in.conv.weight": [128, 3, 3, 3, 3],
      "decoder.up_blocks.0.resnets.3.norm1.conv_y.conv.weight": [512, 16, 1, 1, 1],
    },
  ],
  [/Cosmos/, { "encoder.conv_in.conv_s.weight": [128, 192, 1, 3, 3] }],
  [/Mochi/, { "encoder.block_in.resnets.0.conv1.conv.weight": [64, 64, 3, 3, 3] }],
  [/LTX-Video/, { latents_mean: [128], "encoder.conv_in.conv.weight": [128, 48, 3, 3, 3] }],
  [
    /LTX-Video/,
    {
      "vae.per_channel_statistics.mean-of-means": [128],
      "vae.encoder.conv_in.conv.weight": [128, 48, 3, 3, 3],
    },
  ],
  [/Allegro/, { ...kl, "encoder.temp_conv_in.weight": [128, 128, 3, 1, 1] }],
  [/EasyAnimate/, { "encoder.down_blocks.0.convs.0.conv1.weight": [128, 128, 3, 3, 3] }],
  [
    /MiniMax H3/,
    { "encoder.conv_in.weight": [128, 3, 3, 3, 3], "decoder.transformer_blocks.0.attn.to_q.weight": [8, 8] },
  ],
  [
    /Kandinsky's image/,
    { "decoder.conv_in.weight": [1024, 16, 3, 3], "decoder.up.0.block.2.norm1.norm_layer.weight": [128] },
  ],
  [
    /HunyuanVideo/,
    {
      "encoder.conv_in.conv.weight": [128, 3, 3, 3, 3],
      "encoder.down_blocks.0.resnets.0.conv1.conv.weight": [128, 128, 3, 3, 3],
    },
  ],
  [/a video autoencoder/, { "encoder.conv_in.conv.weight": [128, 3, 3, 3, 3] }],
  [
    /an audio autoencoder/,
    { "encoder.conv1.weight_v": [128, 2, 7], "decoder.conv1.weight_v": [2048, 64, 7] },
  ],
  [/an audio autoencoder/, { "encoder.conv_in.weight": [128, 2, 3] }],
  [/an audio autoencoder/, { "decoder.conv1.parametrizations.weight.original0": [2048, 1, 1] }],
];

const parts: [what: RegExp, names: Names][] = [
  [/a diffusion transformer/, { "double_blocks.0.img_attn.qkv.weight": [8, 8] }],
  [/a diffusion transformer/, { "model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight": [8, 8] }],
  [/a diffusion transformer/, { "single_transformer_blocks.0.attn.to_q.weight": [8, 8] }],
  [/UNet/, { "model.diffusion_model.input_blocks.0.0.weight": [320, 4, 3, 3] }],
  [
    /UNet/,
    { "down_blocks.0.resnets.0.conv1.weight": [8, 8, 3, 3], "time_embedding.linear_1.weight": [8, 8] },
  ],
  [/ControlNet/, { "control_model.zero_convs.0.0.weight": [8, 8, 1, 1] }],
  [/ControlNet/, { "input_hint_block.0.weight": [16, 3, 3, 3] }],
  [/a diffusion transformer/, { "net.x_embedder.proj.1.weight": [8, 8] }],
  [/a diffusion transformer/, { "model.diffusion_model.layers.0.attention.qkv.weight": [8, 8] }],
  [/UNet/, { "output_blocks.0.0.in_layers.0.weight": [8] }],
  [/UNet/, { "model.diffusion_model.out.0.weight": [320] }],
  [/LoRA/, { "lora_unet_down_blocks_0.lora_down.weight": [4, 8] }],
  [/LoRA/, { "transformer.blocks.0.to_q.lora_A.weight": [4, 8] }],
  [/LoRA/, { "lora_te_text_model_encoder_layers_0_mlp_fc1.alpha": [] }],
  [/LoRA/, { "diffusion_model.blocks.0.attn.hada_w1_a": [4, 8] }],
  [/LoRA/, { "diffusion_model.blocks.0.attn.lokr_w1": [4, 8] }],
  [/LoRA/, { "diffusion_model.blocks.0.attn.dora_scale": [8] }],
  [/text or picture encoder/, { "text_model.encoder.layers.0.self_attn.k_proj.weight": [8, 8] }],
  [
    /text or picture encoder/,
    { "encoder.block.0.layer.0.SelfAttention.q.weight": [8, 8], "decoder.block.0.layer.0.x": [8] },
  ],
  [/text or picture encoder/, { "model.layers.0.self_attn.q_proj.weight": [8, 8] }],
  [/text or picture encoder/, { "cond_stage_model.model.transformer.resblocks.0.ln_1.weight": [8] }],
  [/text or picture encoder/, { "vision_model.embeddings.class_embedding": [8] }],
  [/textual inversion/, { emb_params: [4, 768] }],
  [/textual inversion/, { clip_g: [4, 1280], clip_l: [4, 768] }],
  [/upscaler/, { "conv_first.weight": [64, 3, 3, 3] }],
  [/upscaler/, { "model.body.0.rdb1.conv1.weight": [32, 64, 3, 3] }],
  [/latents, which `vaekit decode` decodes/, { latent_tensor: [1, 4, 8, 8] }],
];

describe("a single file", () => {
  it.each(autoencoders)("of another autoencoder says which: %s %#", async (what, names) => {
    const error = expect.objectContaining({
      code: "UNSUPPORTED",
      message: expect.stringMatching(what) as string,
    }) as Error;
    await expect(open(names)).rejects.toThrow(error);
    await expect(open(names)).rejects.toThrow("f.safetensors: this is ");
    await expect(open(names)).rejects.toThrow("vaekit does not read it yet");
  });

  it("of an MlpVae says that its folder is needed", async () => {
    await expect(open({ "fc1.weight": [400, 784], "fc21.weight": [20, 400] })).rejects.toThrow(
      "f.safetensors: this is a fully connected VAE of vaekit's own. Open its folder",
    );
  });

  it.each(parts)("that is no autoencoder says what it is: %s %#", async (what, names) => {
    const error = expect.objectContaining({
      code: "INVALID_FILE",
      message: expect.stringMatching(what) as string,
    }) as Error;
    await expect(open(names)).rejects.toThrow(error);
  });

  it("of half an AutoencoderKL is taken", async () => {
    expect((await open({ "decoder.conv_in.weight": [512, 4, 3, 3] })).model).toBe(autoencoderKL);
    expect((await open({ "vae.encoder.conv_in.weight": [128, 3, 3, 3] })).model).toBe(autoencoderKL);
  });

  it("of an AutoencoderKL, alone or beside other parts, is taken", async () => {
    await open(kl);
    const whole = Object.entries(kl).map(([name, shape]) => [`first_stage_model.${name}`, shape] as const);
    await open({
      ...Object.fromEntries(whole),
      "model.diffusion_model.input_blocks.0.0.weight": [320, 4, 3, 3],
    });
    await open({ ...kl, "loss.logvar": [], "model.diffusion_model.input_blocks.0.0.weight": [320, 4, 3, 3] });
  });
});

/** The same tensors under other names. */
const renamed = (names: Names, rename: (name: string) => string): Names =>
  Object.fromEntries(Object.entries(names).map(([name, shape]) => [rename(name), shape]));

/** Modules that only one class has, whatever their tensors are called. */
const knownByModule = /decoder_unet|condition_encoder|time_|temp_|block_in|parametrizations|per_channel/;

describe("the names of tensors", () => {
  it.each([...autoencoders, ...parts])("may count beyond nine: %s %#", async (what, names) => {
    const further = renamed(names, (name) => name.replace(/(?<!conv\.|pool\.)\b\d\b/g, "1$&"));
    await expect(open(further)).rejects.toThrow(what);
  });

  it.each(autoencoders)("that only end as those of an autoencoder are not its: %s %#", (_, names) => {
    expect(areOfOtherAutoencoder(stored(renamed(names, (name) => `my_${name}`)))).toBe(false);
  });

  it.each([
    ["encoder.conv_in.weight", [96, 3, 1, 3, 3], "decoder.transformer_blocks.0.norm.weight", [96]],
    ["latents_mean", [128], "encoder.conv_in.conv.weight", [8, 8, 1, 1, 1]],
    ["decoder.conv_in.weight", [8, 8, 3, 3], "decoder.mid.norm1.norm_layer.weight", [8]],
  ])(
    "that are a mark together, %s and %s, are none one by one",
    async (first, firstShape, second, secondShape) => {
      const marks = async (a: string, b: string): Promise<string> => {
        try {
          await open({ [a]: firstShape, [b]: secondShape });
          return "";
        } catch (error) {
          return (error as Error).message.replace(/^.*: this is /, "");
        }
      };
      const both = await marks(first, second);
      expect(both).toContain("vaekit does not read it yet");
      expect(await marks(`my_${first}`, second)).not.toBe(both);
      expect(await marks(first, `my_${second}`)).not.toBe(both);
    },
  );

  it.each(autoencoders.filter(([, names]) => !Object.keys(names).some((name) => knownByModule.test(name))))(
    "that only begin as those of an autoencoder are not its: %s %#",
    (_, names) => {
      expect(areOfOtherAutoencoder(stored(renamed(names, (name) => `${name}_scale`)))).toBe(false);
    },
  );

  it.each([
    "my_double_blocks.0.weight",
    "my_transformer_blocks.0.weight",
    "my_net.blocks.0.weight",
    "my_input_blocks.0.weight",
    "my_zero_convs.0.weight",
    "my_text_model.encoder.weight",
    "my_transformer.resblocks.0.weight",
    "my_encoder.block.0.layer.0.weight",
    "my_layers.0.self_attn.weight",
    "my_emb_params",
    "emb_params_of_mine",
    "my_conv_first.weight",
    "conv_firsts.weight",
    "my.latents",
    "latents_of_mine",
    "explorations.lora_Beyond",
    "folklora_A.weight",
    "my_lora_unet_x",
    "my_lora_te_x",
    "dora_scales",
  ])("that only resemble those of another part are not its: %s", (name) => {
    expect(describeOtherPart(stored({ [name]: [1, 1, 1, 1] }))).toBeUndefined();
  });
});
