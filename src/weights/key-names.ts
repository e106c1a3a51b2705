/**
 * Names: how the same tensors are called in older diffusers files and in the original single files
 * (CompVis, Stability, Black Forest Labs), and how those names become diffusers' names.
 */
import { VaekitError } from "../errors.ts";
import { describeOtherPart, refuseOtherAutoencoders } from "../models/other-models.ts";
import type { Shape } from "../tensor/shape.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import { quote } from "../util/printable.ts";

/** Whose names a file uses. */
export type NamingScheme = "diffusers" | "original";

interface Rule {
  readonly pattern: RegExp;
  /** `$1`, `$2` stand for the pattern's groups, `$reversed` for the level `$2` counted from the other end. */
  readonly replacement: string;
}

/** Attention as diffusers called its projections until 2023; files of SD 1, SD 2 and sd-vae-ft-* still do. */
const deprecatedRules: readonly Rule[] = [
  { pattern: /(\.attentions\.\d+)\.query\./, replacement: "$1.to_q." },
  { pattern: /(\.attentions\.\d+)\.key\./, replacement: "$1.to_k." },
  { pattern: /(\.attentions\.\d+)\.value\./, replacement: "$1.to_v." },
  { pattern: /(\.attentions\.\d+)\.proj_attn\./, replacement: "$1.to_out.0." },
];

/** Original name -> diffusers name. Every rule that matches is applied, from top to bottom. */
const originalRules: readonly Rule[] = [
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

/** Where whole checkpoints keep their VAE; the first one that occurs is used. */
const vaePrefixes = ["vae.", "first_stage_model."] as const;

/** The prefix of the VAE's names in a checkpoint that holds these names; "" when the file is all VAE. */
export function vaePrefix(names: Iterable<string>): string {
  const all = [...names];
  return vaePrefixes.find((prefix) => all.some((name) => name.startsWith(prefix))) ?? "";
}

/** Tells the VAE's names in a checkpoint from those of the diffusion model and text encoders beside it. */
export function selectVaeNames(names: readonly string[]): (name: string) => boolean {
  const prefix = vaePrefix(names);
  return (name) => name.startsWith(prefix);
}

/**
 * Renames the attention projections that older diffusers files call query, key, value and proj_attn.
 *
 * @throws INVALID_FILE when two tensors end up with one name.
 */
export function renameDeprecatedAttention(
  tensors: ReadonlyMap<string, FoundTensor>,
): Map<string, FoundTensor> {
  return renameAll(tensors, (name) => applyRules(name, deprecatedRules, 0));
}

/**
 * Gives the VAE's tensors of a single file diffusers' names, whichever names they have: strips the prefix
 * (`vae.` or `first_stage_model.`), drops what is not under it, and views attention weights stored as 1x1
 * convolutions `[C, C, 1, 1]` as the matrices `[C, C]` that they are (the bytes are the same).
 *
 * @throws INVALID_FILE when no VAE is among the tensors, or when two of them end up with one name; UNSUPPORTED when it
 *   is another autoencoder.
 */
export function toDiffusersNames(
  tensors: ReadonlyMap<string, FoundTensor>,
  subject: string,
): { tensors: Map<string, FoundTensor>; scheme: NamingScheme } {
  const prefix = vaePrefix(tensors.keys());
  const ofVae = new Map(
    [...tensors].flatMap(([name, stored]): [string, FoundTensor][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), stored]] : [],
    ),
  );
  refuseOtherAutoencoders(ofVae, subject);
  checkIsVae(ofVae, tensors, subject);
  const levels = countLevels(ofVae.keys());
  let scheme: NamingScheme = "diffusers";
  const renamed = renameAll(ofVae, (name) => {
    const fromOriginal = applyRules(name, originalRules, levels);
    if (fromOriginal !== name) scheme = "original";
    return applyRules(fromOriginal, deprecatedRules, levels);
  });
  return { tensors: renamed, scheme };
}

/** Both schemes agree on these two; a file with neither holds no VAE. */
function checkIsVae(
  ofVae: ReadonlyMap<string, FoundTensor>,
  all: ReadonlyMap<string, FoundTensor>,
  subject: string,
): void {
  const missing = ["encoder", "decoder"].filter(
    (part) => ![...ofVae.keys()].some((name) => name.startsWith(`${part}.`)),
  );
  const other = describeOtherPart(ofVae);
  if (missing.length === 0 && other === undefined) return;
  if (missing.length === 1 && other === undefined) {
    const half = missing[0] === "encoder" ? "decoder" : "encoder";
    const message = `${subject}: expected a whole VAE, found its ${half} alone; vaekit needs both halves.`;
    throw new VaekitError("INVALID_FILE", message);
  }
  const found = [...all.keys()].slice(0, 3).map((name) => JSON.stringify(name.slice(0, 80)));
  throw new VaekitError(
    "INVALID_FILE",
    `${subject}: expected the weights of a VAE (encoder.… and decoder.…, on their own or under ${vaePrefixes.join(" or ")}), found ${
      found.length === 0 ? "no tensors" : `${found.join(", ")} and the like`
    }.${other === undefined ? "" : ` This is ${other}.`}`,
  );
}

function countLevels(names: Iterable<string>): number {
  let levels = 0;
  for (const name of names) {
    const level = /^decoder\.up\.(\d+)\./.exec(name)?.[1];
    if (level !== undefined) levels = Math.max(levels, Number(level) + 1);
  }
  return levels;
}

function applyRules(name: string, rules: readonly Rule[], levels: number): string {
  let result = name;
  for (const { pattern, replacement } of rules) {
    const match = pattern.exec(result);
    if (match === null) continue;
    const reversed = String(levels - 1 - Number(match[2]));
    result = result.replace(pattern, replacement.replace("$reversed", reversed));
  }
  return result;
}

function renameAll(
  tensors: ReadonlyMap<string, FoundTensor>,
  rename: (name: string) => string,
): Map<string, FoundTensor> {
  const renamed = new Map<string, FoundTensor>();
  for (const [oldName, stored] of tensors) {
    const name = rename(oldName);
    const other = renamed.get(name);
    if (other !== undefined) {
      throw new VaekitError(
        "INVALID_FILE",
        `${stored.source.name}: both ${quote(other.name)} and ${quote(stored.name)} would be ${name}; keep one.`,
      );
    }
    renamed.set(name, { ...stored, shape: linearShape(name, stored.shape) });
  }
  for (const [name, stored] of renamed) renamed.set(name, { ...stored, name });
  return renamed;
}

const attentionWeight = /\.attentions\.\d+\.(to_q|to_k|to_v|to_out\.0)\.weight$/;

/** `[C, C, 1, 1]` and `[C, C, 1]` as `[C, C]`, for attention weights only. */
function linearShape(name: string, shape: Shape): Shape {
  const isConvolution = shape.length > 2 && shape.slice(2).every((dimension) => dimension === 1);
  return isConvolution && attentionWeight.test(name) ? shape.slice(0, 2) : shape;
}
