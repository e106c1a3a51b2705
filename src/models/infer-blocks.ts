/**
 * What the shapes of a model's weights say of its blocks: of each half, and of which halves there are.
 */
import { VaekitError } from "../errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { BlocksConfig } from "./block-keys.ts";
import type { TensorShapes } from "./model.ts";
import type { Half } from "./parameters.ts";

/** The half of which alone there are tensors. */
export function halfAlone(tensors: TensorShapes): Half | undefined {
  const has = (half: Half): boolean => [...tensors.keys()].some((name) => name.startsWith(`${half}.`));
  const [encoder, decoder] = [has("encoder"), has("decoder")];
  if (encoder === decoder) return undefined;
  return encoder ? "encoder" : "decoder";
}

/** What one half's shapes say. */
export interface HalfArchitecture {
  readonly pictureChannels: number;
  readonly latentChannels: number;
  /** Highest resolution first. */
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  /** Whether each level has attention, highest resolution first. */
  readonly attention: readonly boolean[];
  readonly midBlockAddAttention: boolean;
  readonly hasQuantConv: boolean;
}

/** What the encoder's shapes say. @throws WEIGHTS_MISMATCH when weights are missing that every one has */
export function encoderOf(shapes: Shapes): HalfArchitecture {
  const moments = shapes.of("encoder.conv_out.weight")[0]!;
  if (moments % 2 !== 0) {
    throw shapes.mismatch(
      `an even number of channels out of encoder.conv_out (means and log variances), found ${moments}`,
    );
  }
  const levels = shapes.countBlocks("encoder.down_blocks", ".resnets.0");
  const blocks = levels.map((level) => `encoder.down_blocks.${level}`);
  return {
    pictureChannels: shapes.of("encoder.conv_in.weight")[1]!,
    latentChannels: moments / 2,
    blockOutChannels: blocks.map((block) => shapes.of(`${block}.resnets.0.conv1.weight`)[0]!),
    layersPerBlock: shapes.layersIn(blocks, "encoder"),
    attention: blocks.map((block) => shapes.hasAttention(block)),
    midBlockAddAttention: shapes.hasAttention("encoder.mid_block"),
    hasQuantConv: shapes.tensors.has("quant_conv.weight"),
  };
}

/** What the decoder's shapes say. It counts its levels from the lowest resolution, and has one layer more in each. */
export function decoderOf(shapes: Shapes): HalfArchitecture {
  const levels = shapes.countBlocks("decoder.up_blocks", ".resnets.0");
  const blocks = levels.map((level) => `decoder.up_blocks.${level}`).reverse();
  return {
    pictureChannels: shapes.of("decoder.conv_out.weight")[0]!,
    latentChannels: shapes.of("decoder.conv_in.weight")[1]!,
    blockOutChannels: blocks.map((block) => shapes.of(`${block}.resnets.0.conv1.weight`)[0]!),
    layersPerBlock: shapes.layersIn(blocks, "decoder") - 1,
    attention: attentionOfDecoder(shapes, levels.length),
    midBlockAddAttention: shapes.hasAttention("decoder.mid_block"),
    hasQuantConv: shapes.tensors.has("post_quant_conv.weight"),
  };
}

/** Of each level, highest resolution first. */
export function attentionOfDecoder(shapes: Shapes, levels: number): boolean[] {
  const ofLevel = (_: unknown, level: number): boolean =>
    shapes.hasAttention(`decoder.up_blocks.${levels - 1 - level}`);
  return Array.from({ length: levels }, ofLevel);
}

/** Tensors, asked for what every model of these blocks has. */
export class Shapes {
  readonly tensors: TensorShapes;
  readonly subject: string;
  readonly className: string;

  /**
   * @param subject what to call the weights in messages.
   * @param className whose they are taken to be.
   */
  constructor(tensors: TensorShapes, subject: string, className: string) {
    this.tensors = tensors;
    this.subject = subject;
    this.className = className;
  }

  mismatch(expected: string): VaekitError {
    return new VaekitError("WEIGHTS_MISMATCH", `${this.subject}: expected ${expected}.`);
  }

  /** A convolution's. */
  of(name: string): Shape {
    const shape = this.tensors.get(name)?.shape;
    if (shape?.length === 4) return shape;
    const found = shape === undefined ? "no such tensor" : formatShape(shape);
    throw this.mismatch(
      `${name} of shape [out, in, height, width], as every ${this.className} has, found ${found}`,
    );
  }

  hasAttention(block: string): boolean {
    return this.tensors.has(`${block}.attentions.0.to_q.weight`);
  }

  /** The numbers 0, 1, 2, … of the blocks that are there. */
  countBlocks(before: string, after = ""): number[] {
    const numbers: number[] = [];
    while (this.tensors.has(`${before}.${numbers.length}${after}.conv1.weight`)) numbers.push(numbers.length);
    return numbers;
  }

  /** Residual blocks of each level. */
  layersIn(blocks: readonly string[], half: Half): number {
    const layers = blocks.map((block) => this.countBlocks(`${block}.resnets`).length);
    const [first] = layers;
    if (first !== undefined && layers.every((count) => count === first)) return first;
    throw this.mismatch(
      `the same number of residual blocks in every ${half} level, found ${formatShape(layers)}`,
    );
  }
}

/** Of each encoder level, highest resolution first. */
export const downBlockTypesOf = (attention: readonly boolean[]): BlocksConfig["downBlockTypes"] =>
  attention.map((has) => (has ? "AttnDownEncoderBlock2D" : "DownEncoderBlock2D"));

/** Of each decoder level, lowest resolution first. @param attention highest first, as a half has it */
export const upBlockTypesOf = (attention: readonly boolean[]): BlocksConfig["upBlockTypes"] =>
  [...attention].reverse().map((has) => (has ? "AttnUpDecoderBlock2D" : "UpDecoderBlock2D"));

/** Group counts leave no trace in shapes; every published model has diffusers' default of 32. */
export function inferNormNumGroups(blockOutChannels: readonly number[], subject: string): number {
  const ragged = blockOutChannels.find((channels) => channels % 32 !== 0);
  if (ragged === undefined) return 32;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: norm_num_groups is not in the file, and the usual 32 does not divide its ${ragged} channels. Pass \`config\`.`,
  );
}
