/**
 * What the shapes of an AutoencoderKL's weights say of its config. Of one half alone, the other is taken to mirror it, as in every
 * published model.
 */
import { VaekitError } from "../../errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { TensorShapes } from "../model.ts";
import type { Half } from "../parameters.ts";
import { refuseOtherAutoencoders } from "../other-models.ts";
import type { AutoencoderKLConfig } from "./keys.ts";

/** What the shapes of the weights decide. */
export type Architecture = Pick<
  AutoencoderKLConfig,
  | "inChannels"
  | "outChannels"
  | "downBlockTypes"
  | "upBlockTypes"
  | "blockOutChannels"
  | "layersPerBlock"
  | "latentChannels"
  | "normNumGroups"
  | "useQuantConv"
  | "usePostQuantConv"
  | "midBlockAddAttention"
>;

/**
 * The part of the config that shapes decide; a caller who knows the scaling completes it.
 *
 * @param normNumGroups what the caller knows of it: no shape depends on it, so else the usual 32 is taken.
 * @throws UNSUPPORTED when the weights are those of another model class; WEIGHTS_MISMATCH when weights are missing that every
 *   AutoencoderKL has; INVALID_CONFIG when the usual group count does not fit.
 */
export function inferArchitecture(
  tensors: TensorShapes,
  subject = "weights",
  normNumGroups?: number,
): Architecture {
  refuseOtherAutoencoders(tensors, subject);
  const shapes = new Shapes(tensors, subject);
  const alone = halfAlone(tensors);
  if (alone === "decoder") return architectureOf(ofDecoder(shapes), {}, shapes, normNumGroups);
  const encoder = ofEncoder(shapes);
  if (alone === "encoder") return architectureOf(encoder, {}, shapes, normNumGroups);
  const levels = encoder.blockOutChannels.length;
  const decoder = {
    pictureChannels: shapes.of("decoder.conv_out.weight")[0]!,
    attention: attentionOfDecoder(shapes, levels),
    hasQuantConv: tensors.has("post_quant_conv.weight"),
  };
  return architectureOf(encoder, decoder, shapes, normNumGroups);
}

/** The keys that no shape says, since they are of the half that is not there: a caller's word wins over the mirror. */
export function mirroredKeys(tensors: TensorShapes): readonly (keyof Architecture)[] {
  switch (halfAlone(tensors)) {
    case "encoder":
      return ["outChannels", "upBlockTypes", "usePostQuantConv"];
    case "decoder":
      return ["inChannels", "downBlockTypes", "useQuantConv"];
    case undefined:
      return [];
  }
}

/** The half of which alone there are tensors. */
function halfAlone(tensors: TensorShapes): Half | undefined {
  const has = (half: Half): boolean => [...tensors.keys()].some((name) => name.startsWith(`${half}.`));
  const [encoder, decoder] = [has("encoder"), has("decoder")];
  if (encoder === decoder) return undefined;
  return encoder ? "encoder" : "decoder";
}

/** What one half's shapes say. */
interface HalfArchitecture {
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

/** @param decoder what differs there. */
function architectureOf(
  half: HalfArchitecture,
  decoder: Partial<HalfArchitecture>,
  { subject }: Shapes,
  normNumGroups: number | undefined,
): Architecture {
  const { blockOutChannels, layersPerBlock, latentChannels, midBlockAddAttention } = half;
  const above = { ...half, ...decoder };
  return {
    inChannels: half.pictureChannels,
    outChannels: above.pictureChannels,
    downBlockTypes: half.attention.map((has) => (has ? "AttnDownEncoderBlock2D" : "DownEncoderBlock2D")),
    upBlockTypes: [...above.attention]
      .reverse()
      .map((has) => (has ? "AttnUpDecoderBlock2D" : "UpDecoderBlock2D")),
    blockOutChannels,
    layersPerBlock,
    latentChannels,
    normNumGroups: normNumGroups ?? inferNormNumGroups(blockOutChannels, subject),
    useQuantConv: half.hasQuantConv,
    usePostQuantConv: above.hasQuantConv,
    midBlockAddAttention,
  };
}

function ofEncoder(shapes: Shapes): HalfArchitecture {
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

/** It counts its levels from the lowest resolution, and has one layer more in each. */
function ofDecoder(shapes: Shapes): HalfArchitecture {
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
function attentionOfDecoder(shapes: Shapes, levels: number): boolean[] {
  const ofLevel = (_: unknown, level: number): boolean =>
    shapes.hasAttention(`decoder.up_blocks.${levels - 1 - level}`);
  return Array.from({ length: levels }, ofLevel);
}

/** Tensors, asked for what every AutoencoderKL has. */
class Shapes {
  readonly tensors: TensorShapes;
  readonly subject: string;

  constructor(tensors: TensorShapes, subject: string) {
    this.tensors = tensors;
    this.subject = subject;
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
      `${name} of shape [out, in, height, width], as every AutoencoderKL has, found ${found}`,
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

/** Group counts leave no trace in shapes; every published AutoencoderKL has diffusers' default of 32. */
function inferNormNumGroups(blockOutChannels: readonly number[], subject: string): number {
  const ragged = blockOutChannels.find((channels) => channels % 32 !== 0);
  if (ragged === undefined) return 32;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: norm_num_groups is not in the file, and the usual 32 does not divide its ${ragged} channels. Pass \`config\`.`,
  );
}
