/** What the names and shapes of a model's weights say of the stages of a half. */
import { Shapes } from "../infer-blocks.ts";
import type { TensorShapes } from "../model.ts";
import type { Half } from "../parameters.ts";
import type { AutoencoderDCConfig, DCBlockType, DCNormType } from "./keys.ts";

const halves = ["encoder", "decoder"] as const;

/** The list of blocks that a half's stages are in. */
const listOf = { encoder: "encoder.down_blocks", decoder: "decoder.up_blocks" } as const;

/** Whether the tensors are of such a network, or of one half of it: blocks in lists of lists. */
export function areDCTensors(tensors: TensorShapes): boolean {
  const block = /^(encoder\.down_blocks|decoder\.up_blocks)\.\d+\.\d+\.(conv1|attn\.to_out)\.weight$/;
  return [...tensors.keys()].some((name) => block.test(name));
}

/** The halves that there are tensors of. */
export const halvesThere = (tensors: TensorShapes): Half[] =>
  halves.filter((half) => [...tensors.keys()].some((name) => name.startsWith(`${half}.`)));

interface FoundStage {
  readonly channels: number | undefined;
  readonly blocks: number;
  readonly blockType: DCBlockType;
  readonly scales: readonly number[];
  readonly headSize: number | undefined;
  readonly norm: DCNormType;
  /** Channels out of the convolution that changes the resolution. */
  readonly resampled: number | undefined;
}

/** The keys that the tensors of a half say. @throws WEIGHTS_MISMATCH when weights are missing that every one has */
export function keysOfHalf(tensors: TensorShapes, half: Half, subject: string): Partial<AutoencoderDCConfig> {
  const shapes = new Shapes(tensors, subject, "AutoencoderDC");
  const stages = stagesOfHalf(shapes, half);
  const widths = stages.map(({ channels }, stage) => channels ?? widthAbove(stages[stage + 1]?.channels));
  const own = {
    [`${half}BlockOutChannels`]: widths,
    [`${half}LayersPerBlock`]: stages.map(({ blocks }) => blocks),
    [`${half}BlockTypes`]: stages.map(({ blockType }) => blockType),
    [`${half}QkvMultiscales`]: stages.map(({ scales }) => scales),
  };
  const headSize = stages.find((stage) => stage.headSize !== undefined)?.headSize;
  return {
    ...own,
    ...(headSize === undefined ? {} : { attentionHeadDim: headSize }),
    ...(half === "encoder" ? encoderKeys(shapes, stages, widths) : decoderKeys(shapes, stages, widths)),
  };
}

/** Of a first stage without blocks nothing says the width, and nothing depends on it: half the next one's, as published. */
const widthAbove = (next: number | undefined): number => Math.max(1, Math.floor((next ?? 2) / 2));

function encoderKeys(
  shapes: Shapes,
  stages: readonly FoundStage[],
  widths: readonly number[],
): Partial<AutoencoderDCConfig> {
  const isFirstEmpty = stages[0]!.blocks === 0;
  const [entering, inChannels] = shapes.of(`encoder.conv_in${isFirstEmpty ? ".conv" : ""}.weight`) as [
    number,
    number,
  ];
  const index = stages.findIndex(({ resampled }) => resampled !== undefined);
  const [made, width] = isFirstEmpty ? [entering, widths[1]] : [stages[index]?.resampled, widths[index + 1]];
  return {
    inChannels,
    latentChannels: shapes.of("encoder.conv_out.weight")[0]!,
    ...(made === undefined ? {} : { downsampleBlockType: made === width ? "conv" : "pixel_unshuffle" }),
  };
}

function decoderKeys(
  shapes: Shapes,
  stages: readonly FoundStage[],
  widths: readonly number[],
): Partial<AutoencoderDCConfig> {
  const isFirstEmpty = stages[0]!.blocks === 0;
  const index = stages.findIndex(({ resampled }) => resampled !== undefined);
  const isInterpolated = stages[index]?.resampled === widths[index];
  const leaving = shapes.of(`decoder.conv_out${isFirstEmpty ? ".conv" : ""}.weight`)[0]!;
  const norms = stages.map(({ norm }) => norm);
  return {
    inChannels: isFirstEmpty && !isInterpolated ? leaving / 4 : leaving,
    latentChannels: shapes.of("decoder.conv_in.weight")[1]!,
    ...(index < 0 ? {} : { upsampleBlockType: isInterpolated ? "interpolate" : "pixel_shuffle" }),
    decoderNormTypes: norms,
    // Activations leave no trace: as in every published model.
    decoderActFns: norms.map((norm) => (norm === "batch_norm" ? "relu" : "silu")),
  };
}

function stagesOfHalf(shapes: Shapes, half: Half): FoundStage[] {
  const list = listOf[half];
  const stage = new RegExp(`^${list.replace(".", "\\.")}\\.(\\d+)\\.`);
  const last = Math.max(...[...shapes.tensors.keys()].map((name) => Number(stage.exec(name)?.[1] ?? -1)));
  return Array.from({ length: last + 1 }, (_, index) => stageAt(shapes, `${list}.${index}`, half));
}

function stageAt({ tensors }: Shapes, name: string, half: Half): FoundStage {
  const shape = (part: string): readonly number[] | undefined => tensors.get(`${name}.${part}.weight`)?.shape;
  const isBlock = (place: number): boolean =>
    shape(`${place}.conv1`) !== undefined || shape(`${place}.attn.to_q`) !== undefined;
  // In the decoder the change of resolution comes first.
  const first = half === "decoder" && shape("0.conv") !== undefined ? 1 : 0;
  let end = first;
  while (isBlock(end)) end++;
  const attention = `${first}.attn`;
  const isAttention = shape(`${attention}.to_q`) !== undefined;
  const scales: number[] = [];
  for (
    let kernel;
    (kernel = shape(`${attention}.to_qkv_multiscale.${scales.length}.proj_in`)) !== undefined;
  ) {
    scales.push(kernel[2] ?? 1);
  }
  const norm = `${name}.${first}.${isAttention ? "attn.norm_out" : "norm"}.running_mean`;
  return {
    channels: isAttention ? shape(`${attention}.to_q`)![1] : shape(`${first}.conv1`)?.[0],
    blocks: end - first,
    blockType: isAttention ? "EfficientViTBlock" : "ResBlock",
    scales,
    headSize: shape(`${attention}.to_qkv_multiscale.0.proj_out`)?.[1],
    norm: tensors.has(norm) ? "batch_norm" : "rms_norm",
    resampled: shape(`${first === 1 ? 0 : end}.conv`)?.[0],
  };
}
