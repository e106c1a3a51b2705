/**
 * Models that vaekit does not read: what each is called in a message, the class in its config, and the names and ranks of
 * tensors that only it has. When one of them is implemented, its entry goes.
 *
 * @see diffusers, models/autoencoders; names of tensors as its classes and the original repositories have them
 */

/** A tensor's name, and where names alone are not enough its number of dimensions. */
export type Mark = RegExp | { readonly name: RegExp; readonly rank: number };

export interface OtherModel {
  /** Completes "this is …". */
  readonly description: string;
  /** `_class_name` of diffusers' config.json, or one of `architectures` in transformers'. */
  readonly classNames?: readonly (string | RegExp)[];
  /** Alternatives: a file is this model when it has a tensor for every mark of one of them. */
  readonly marks?: readonly (readonly Mark[])[];
  /** What to do with its tensors. @default to wait until vaekit reads them */
  readonly remedy?: string;
}

const conv3d = (name: RegExp): Mark => ({ name, rank: 5 });
const conv2d = (name: RegExp): Mark => ({ name, rank: 4 });

/** Autoencoders; the special before the general, as the first that fits is taken. */
export const otherAutoencoders: readonly OtherModel[] = [
  {
    description: "a VQModel, an autoencoder with a codebook",
    remedy: "openVae opens it.",
    marks: [[/^quantize\.embedding\.weight$/]],
  },
  {
    description: "an autoencoder with a codebook of another kind than VQModel's",
    marks: [[/^quantize\.embed(ding)?s?$/]],
  },
  {
    description: "the consistency decoder (ConsistencyDecoderVAE)",
    classNames: ["ConsistencyDecoderVAE"],
    marks: [[/^decoder_unet\./]],
  },
  {
    description: "an AsymmetricAutoencoderKL, whose decoder also takes a picture and a mask",
    classNames: ["AsymmetricAutoencoderKL"],
    marks: [[/^decoder\.condition_encoder\./]],
  },
  {
    description: "Stable Video Diffusion's autoencoder (AutoencoderKLTemporalDecoder)",
    classNames: ["AutoencoderKLTemporalDecoder"],
    marks: [[/^decoder\.time_conv_out\./], [/^decoder\..*\.(time_mix_conv|time_stack)\./]],
  },
  {
    description: "CogVideoX's video autoencoder (AutoencoderKLCogVideoX)",
    classNames: ["AutoencoderKLCogVideoX"],
    marks: [[conv3d(/^decoder\..*\.norm1\.conv_y\.conv\.weight$/)]],
  },
  {
    description: "Cosmos' video autoencoder (AutoencoderKLCosmos)",
    classNames: ["AutoencoderKLCosmos"],
    marks: [[conv3d(/^(encoder|decoder)\.conv_in\.conv_s\.weight$/)]],
  },
  {
    description: "Mochi's video autoencoder (AutoencoderKLMochi)",
    classNames: ["AutoencoderKLMochi"],
    marks: [[/^(encoder|decoder)\.block_(in|out)\.resnets\./]],
  },
  {
    description: "LTX-Video's autoencoder (AutoencoderKLLTXVideo)",
    classNames: ["AutoencoderKLLTXVideo", "AutoencoderKLLTX2Video", "LTX2VideoDiffusionDecoderModel"],
    marks: [
      [/^latents_mean$/, conv3d(/^(encoder|decoder)\.conv_in\.conv\.weight$/)],
      [/^per_channel_statistics\./],
    ],
  },
  {
    description: "Allegro's video autoencoder (AutoencoderKLAllegro)",
    classNames: ["AutoencoderKLAllegro"],
    marks: [[/^encoder\.temp_conv_in\./]],
  },
  {
    description: "EasyAnimate's video autoencoder (AutoencoderKLMagvit)",
    classNames: ["AutoencoderKLMagvit"],
    marks: [[conv3d(/^encoder\.down_blocks\.\d+\.convs\.\d+\.conv1\.weight$/)]],
  },
  {
    description: "MiniMax H3's video autoencoder (AutoencoderKLMiniMaxH3)",
    classNames: ["AutoencoderKLMiniMaxH3"],
    marks: [[conv3d(/^encoder\.conv_in\.weight$/), /^decoder\.transformer_blocks\./]],
  },
  {
    description: "Kandinsky's image autoencoder (AutoencoderKLKVAE)",
    classNames: ["AutoencoderKLKVAE"],
    marks: [[conv2d(/^decoder\.conv_in\.weight$/), /^decoder\..*\.norm1\.(norm_layer|conv_y)\.weight$/]],
  },
  {
    description: "HunyuanVideo's autoencoder",
    classNames: [/^AutoencoderKLHunyuan(Video|ImageRefiner)/],
    marks: [
      [
        conv3d(/^encoder\.conv_in\.conv\.weight$/),
        conv3d(/^encoder\.down_blocks\.\d+\.resnets\.\d+\.conv1\.conv\.weight$/),
      ],
    ],
  },
  {
    description: "an autoencoder of representations (AutoencoderRAE)",
    classNames: ["AutoencoderRAE"],
  },
  {
    description: "a video autoencoder",
    classNames: ["AutoencoderKLKVAEVideo", "AutoencoderVidTok", "Kandinsky6SRVAE"],
    marks: [[conv3d(/^(encoder|decoder)\..*weight$/)]],
  },
  {
    description: "an audio autoencoder",
    classNames: [
      /^AutoencoderKL\w*Audio$/,
      "AutoencoderOobleck",
      "AutoencoderSAME",
      "Cosmos3AVAEAudioTokenizer",
      "LongCatAudioDiTVae",
      "MMAudioVAE",
    ],
    marks: [
      [{ name: /^(encoder|decoder)\..*\.weight_v$/, rank: 3 }],
      [{ name: /^(encoder|decoder)\.conv(_in|1)\.weight$/, rank: 3 }],
      [/^(encoder|decoder)\.conv1\.parametrizations\./],
    ],
  },
  {
    description: "a fully connected VAE of vaekit's own",
    remedy: "Open its folder, whose config.json says the rest.",
    marks: [[{ name: /^fc(1|21)\.weight$/, rank: 2 }], [{ name: /^encoder\.0\.weight$/, rank: 2 }]],
  },
];

/** What else lies in a model's folders, and is no autoencoder; pipelines are named after the parts that they have. */
export const otherParts: readonly OtherModel[] = [
  { description: "a whole pipeline, whose parts lie in folders of their own", classNames: [/Pipeline$/] },
  { description: "a schedule of noise", classNames: [/Scheduler$/] },
  {
    description: "a LoRA, changes to another model's weights",
    marks: [[/(^|[._])lora_?(A|B|up|down|te|unet)\b|^lora_(te|unet)|\.(hada_w1_a|lokr_w1|dora_scale)$/]],
  },
  {
    description: "a ControlNet",
    classNames: [/ControlNet/, /^T2IAdapter/],
    marks: [[/(^|\.)(zero_convs|input_hint_block|controlnet_cond_embedding|controlnet_down_blocks)\./]],
  },
  {
    description: "a diffusion transformer",
    classNames: [/Transformer/, /DiT\w*Model$/, "UVit2DModel"],
    marks: [
      [/(^|\.)(double_blocks|joint_blocks|double_stream_blocks)\.\d+\./],
      [/^(single_)?transformer_blocks\.\d+\./],
      [/^(model\.diffusion_model|net)\.(blocks|layers|x_embedder)\./],
    ],
  },
  {
    description: "a diffusion model's UNet",
    classNames: [/UNet/],
    marks: [
      [/(^|\.)(input_blocks|output_blocks)\.\d+\./],
      [/^(down_blocks|up_blocks)\.\d+\.(resnets|attentions)\./, /^time_embedding\./],
      [/^model\.diffusion_model\./],
    ],
  },
  {
    description: "a text or picture encoder (CLIP, T5 or another language model)",
    classNames: [
      /CLIP|T5|Llama|Qwen|Gemma|Mistral|Siglip|Bert|GPT/i,
      /TextModel|TextEncoder|ForCausalLM|ForConditionalGeneration/,
    ],
    marks: [
      [/(^|\.)(text_model|vision_model)\.(encoder|embeddings)\./],
      [/(^|\.)transformer\.resblocks\.\d+\./],
      [/(^|\.)encoder\.block\.\d+\.layer\.\d+\./],
      [/(^|\.)layers\.\d+\.self_attn\./],
    ],
  },
  {
    description: "a textual inversion, embeddings of words",
    marks: [[/^(emb_params|clip_[lg])$/]],
  },
  {
    description: "an upscaler of pictures",
    marks: [[/^(model\.)?(conv_first|RRDB_trunk|body\.\d+\.rdb1)\b/]],
  },
  {
    description: "latents, which `vaekit decode` decodes",
    marks: [[conv2d(/^(latents|latent_tensor|samples)$/)]],
  },
];
