/**
 * The names of the tensors in Wan's original files, which ComfyUI's files of Qwen-Image have, too.
 *
 * @see https://github.com/Wan-Video, wan/modules/vae.py and vae2_2.py
 */
import { applyNameRules, type ModelNames, type NameRule } from "../names.ts";

/** Original name -> diffusers name. Every rule that matches is applied, from top to bottom. */
const rules: readonly NameRule[] = [
  // The ends.
  { pattern: /^conv1\./, replacement: "quant_conv." },
  { pattern: /^conv2\./, replacement: "post_quant_conv." },
  { pattern: /^(encoder|decoder)\.conv1\./, replacement: "$1.conv_in." },
  { pattern: /^(encoder|decoder)\.head\.0\./, replacement: "$1.norm_out." },
  { pattern: /^(encoder|decoder)\.head\.2\./, replacement: "$1.conv_out." },
  // The middle.
  { pattern: /^(encoder|decoder)\.middle\.0\./, replacement: "$1.mid_block.resnets.0." },
  { pattern: /^(encoder|decoder)\.middle\.1\./, replacement: "$1.mid_block.attentions.0." },
  { pattern: /^(encoder|decoder)\.middle\.2\./, replacement: "$1.mid_block.resnets.1." },
  // The encoder's levels without shortcuts are one list of blocks in both.
  {
    pattern: /^encoder\.downsamples\.(\d+)\.(residual|shortcut|resample|time_conv)\./,
    replacement: "encoder.down_blocks.$1.$2.",
  },
  // Inside a residual block.
  { pattern: /\.residual\.0\./, replacement: ".norm1." },
  { pattern: /\.residual\.2\./, replacement: ".conv1." },
  { pattern: /\.residual\.3\./, replacement: ".norm2." },
  { pattern: /\.residual\.6\./, replacement: ".conv2." },
  { pattern: /\.shortcut\./, replacement: ".conv_shortcut." },
];

export const wanNames: ModelNames = {
  updated: (name) => name,
  ofFile: (names) => {
    const levels = upsamplersOf(names);
    return (name) => applyNameRules(inLevels(name, levels), rules);
  },
};

/** The places of the upsamplers in the decoder's list of blocks, in order. */
function upsamplersOf(names: readonly string[]): number[] {
  const places = names.flatMap((name) => /^decoder\.upsamples\.(\d+)\.resample\./.exec(name)?.[1] ?? []);
  return [...new Set(places)].map(Number).sort((a, b) => a - b);
}

const nested =
  /^(encoder|decoder)\.(?:downsamples|upsamples)\.(\d+)\.(?:downsamples|upsamples)\.(\d+)\.(\w+)\./;
const flat = /^decoder\.upsamples\.(\d+)\.(residual|shortcut|resample|time_conv)\./;

/**
 * A block's name with the level that it is of: levels with shortcuts (Wan 2.2) have lists of their own, and the decoder
 * without them has one list, in which an upsampler ends a level.
 */
function inLevels(name: string, upsamplers: readonly number[]): string {
  const inLevel = nested.exec(name);
  if (inLevel !== null) {
    const [all, half, level, block, part] = inLevel as unknown as [string, string, string, string, string];
    const [blocks, sampler] =
      half === "encoder" ? ["down_blocks", "downsampler"] : ["up_blocks", "upsampler"];
    const place = isSampler(part) ? sampler : `resnets.${block}`;
    return `${half}.${blocks}.${level}.${place}.${part}.${name.slice(all.length)}`;
  }
  const inList = flat.exec(name);
  if (inList === null) return name;
  const [all, place, part] = inList as unknown as [string, string, string];
  const level = upsamplers.filter((upsampler) => upsampler < Number(place)).length;
  const first = level === 0 ? 0 : upsamplers[level - 1]! + 1;
  const inside = isSampler(part) ? "upsamplers.0" : `resnets.${Number(place) - first}`;
  return `decoder.up_blocks.${level}.${inside}.${part}.${name.slice(all.length)}`;
}

const isSampler = (part: string): boolean => part === "resample" || part === "time_conv";
