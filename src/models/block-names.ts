/**
 * The names of the tensors of diffusers' convolutional autoencoders in older diffusers files and in the original single
 * files (CompVis, Stability, Black Forest Labs). Several classes have them.
 */
import type { Shape } from "../tensor/shape.ts";
import { applyNameRules, type ModelNames, type NameRule } from "./names.ts";

/** Attention as diffusers called its projections until 2023; files of SD 1, SD 2 and sd-vae-ft-* still do. */
const deprecatedRules: readonly NameRule[] = [
  { pattern: /(\.attentions\.\d+)\.query\./, replacement: "$1.to_q." },
  { pattern: /(\.attentions\.\d+)\.key\./, replacement: "$1.to_k." },
  { pattern: /(\.attentions\.\d+)\.value\./, replacement: "$1.to_v." },
  { pattern: /(\.attentions\.\d+)\.proj_attn\./, replacement: "$1.to_out.0." },
];

/** Original name -> diffusers name. Every rule that matches is applied, from top to bottom. */
const originalRules: readonly NameRule[] = [
  // Levels. The original decoder counts its levels from the highest resolution, diffusers from the lowest.
  { pattern: /^(encoder)\.down\.(\d+)\./, replacement: "$1.down_blocks.$2." },
  { pattern: /^(decoder)\.up\.(\d+)\./, replacement: "$1.up_blocks.$reversed." },
  { pattern: /(_blocks\.\d+)\.block\.(\d+)\./, replacement: "$1.resnets.$2." },
  { pattern: /(_blocks\.\d+)\.attn\.(\d+)\./, replacement: "$1.attentions.$2." },
  { pattern: /(_blocks\.\d+)\.downsample\./, replacement: "$1.downsamplers.0." },
  { pattern: /(_blocks\.\d+)\.upsample\./, replacement: "$1.upsamplers.0." },
  // The middle.
  { pattern: /^(encoder|decoder)\.mid\.block_1\./, replacement: "$1.mid_block.resnets.0." },
  { pattern: /^(encoder|decoder)\.mid\.block_2\./, replacement: "$1.mid_block.resnets.1." },
  { pattern: /^(encoder|decoder)\.mid\.attn_1\./, replacement: "$1.mid_block.attentions.0." },
  // Inside a block.
  { pattern: /(\.resnets\.\d+)\.nin_shortcut\./, replacement: "$1.conv_shortcut." },
  { pattern: /(\.attentions\.\d+)\.norm\./, replacement: "$1.group_norm." },
  { pattern: /(\.attentions\.\d+)\.q\./, replacement: "$1.to_q." },
  { pattern: /(\.attentions\.\d+)\.k\./, replacement: "$1.to_k." },
  { pattern: /(\.attentions\.\d+)\.v\./, replacement: "$1.to_v." },
  { pattern: /(\.attentions\.\d+)\.proj_out\./, replacement: "$1.to_out.0." },
  // The ends.
  { pattern: /^(encoder|decoder)\.norm_out\./, replacement: "$1.conv_norm_out." },
  { pattern: /^encoder\.quant_conv\./, replacement: "quant_conv." },
  { pattern: /^decoder\.post_quant_conv\./, replacement: "post_quant_conv." },
];

export const blockNames: ModelNames = {
  updated: (name) => applyNameRules(name, deprecatedRules),
  ofFile: (bareNames) => {
    const withHalf = halfPrefixed(bareNames);
    const levels = countLevels(bareNames.map(withHalf));
    return (name) => applyNameRules(applyNameRules(withHalf(name), originalRules, levels), deprecatedRules);
  },
  shape: linearShape,
};

/**
 * Names of one half that do not say which it is, as in FLUX.2's small_decoder.safetensors: its levels do. A diffusion
 * model's UNet has levels of both kinds, a ControlNet no last convolution.
 */
function halfPrefixed(names: readonly string[]): (name: string) => string {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  const [down, up] = [has(/^down(_blocks)?\.\d+\./), has(/^up(_blocks)?\.\d+\./)];
  const isHalf = down !== up && has(/^conv_in\./) && has(/^conv_out\./) && has(/^mid(_block)?\./);
  if (!isHalf) return (name) => name;
  const half = down ? "encoder" : "decoder";
  return (name) =>
    /^(conv_in|conv_out|conv_norm_out|norm_out|mid(_block)?|(up|down)(_blocks)?)\./.test(name)
      ? `${half}.${name}`
      : name;
}

function countLevels(names: readonly string[]): number {
  let levels = 0;
  for (const name of names) {
    const level = /^decoder\.up\.(\d+)\./.exec(name)?.[1];
    if (level !== undefined) levels = Math.max(levels, Number(level) + 1);
  }
  return levels;
}

const attentionWeight = /\.attentions\.\d+\.(to_q|to_k|to_v|to_out\.0)\.weight$/;

/** Attention weights that are stored as 1x1 convolutions, `[C, C, 1, 1]` and `[C, C, 1]`, are the matrices `[C, C]`. */
function linearShape(name: string, shape: Shape): Shape {
  const isConvolution = shape.length > 2 && shape.slice(2).every((dimension) => dimension === 1);
  return isConvolution && attentionWeight.test(name) ? shape.slice(0, 2) : shape;
}
