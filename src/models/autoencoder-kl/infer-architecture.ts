/**
 * What the shapes of an AutoencoderKL's weights say of its config. Of one half alone, the other is taken to mirror it, as in every
 * published model.
 */
import {
  attentionOfDecoder,
  decoderOf,
  downBlockTypesOf,
  encoderOf,
  halfAlone,
  inferNormNumGroups,
  Shapes,
  upBlockTypesOf,
  type HalfArchitecture,
} from "../infer-blocks.ts";
import type { TensorShapes } from "../model.ts";
import { refuseOtherAutoencoders } from "../other-tensors.ts";
import { classNames, type AutoencoderKLConfig } from "./keys.ts";

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
  const shapes = new Shapes(tensors, subject, classNames[0]);
  const alone = halfAlone(tensors);
  if (alone === "decoder") return architectureOf(decoderOf(shapes), {}, shapes, normNumGroups);
  const encoder = encoderOf(shapes);
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
    downBlockTypes: downBlockTypesOf(half.attention),
    upBlockTypes: upBlockTypesOf(above.attention),
    blockOutChannels,
    layersPerBlock,
    latentChannels,
    normNumGroups: normNumGroups ?? inferNormNumGroups(blockOutChannels, subject),
    useQuantConv: half.hasQuantConv,
    usePostQuantConv: above.hasQuantConv,
    midBlockAddAttention,
  };
}
