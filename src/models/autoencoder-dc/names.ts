/**
 * The names of the tensors in the original files (dc-ae of mit-han-lab/efficientvit).
 *
 * @see diffusers, loaders/single_file_utils.py (convert_autoencoder_dc_checkpoint_to_diffusers)
 */
import { applyNameRules, type ModelNames, type NameRule } from "../names.ts";

/** Original name -> diffusers name. Every rule that matches is applied, from top to bottom. */
const rules: readonly NameRule[] = [
  // Inside an EfficientViT block.
  { pattern: /\.context_module\./, replacement: ".attn." },
  { pattern: /\.local_module\./, replacement: ".conv_out." },
  { pattern: /\.aggreg\.(\d+)\.0\./, replacement: ".to_qkv_multiscale.$1.proj_in." },
  { pattern: /\.aggreg\.(\d+)\.1\./, replacement: ".to_qkv_multiscale.$1.proj_out." },
  { pattern: /\.attn\.proj\.conv\./, replacement: ".attn.to_out." },
  { pattern: /\.attn\.proj\.norm\./, replacement: ".attn.norm_out." },
  { pattern: /\.depth_conv\.conv\./, replacement: ".conv_depth." },
  { pattern: /\.inverted_conv\.conv\./, replacement: ".conv_inverted." },
  { pattern: /\.point_conv\.conv\./, replacement: ".conv_point." },
  { pattern: /\.point_conv\.norm\./, replacement: ".norm." },
  // The ends, which change the resolution where the first stage has no blocks.
  { pattern: /^encoder\.project_in\.conv\.conv\./, replacement: "encoder.conv_in.conv." },
  { pattern: /^encoder\.project_in\.conv\./, replacement: "encoder.conv_in." },
  { pattern: /^encoder\.project_out\.0\.conv\./, replacement: "encoder.conv_out." },
  { pattern: /^decoder\.project_in\.conv\./, replacement: "decoder.conv_in." },
  { pattern: /^decoder\.project_out\.0\./, replacement: "decoder.norm_out." },
  { pattern: /^decoder\.project_out\.2\.conv\.conv\./, replacement: "decoder.conv_out.conv." },
  { pattern: /^decoder\.project_out\.2\.conv\./, replacement: "decoder.conv_out." },
  // Inside a residual block, and changes of resolution.
  { pattern: /\.conv\.conv\./, replacement: ".conv." },
  { pattern: /\.(conv1|conv2)\.conv\./, replacement: ".$1." },
  { pattern: /\.conv2\.norm\./, replacement: ".norm." },
  // The stages.
  { pattern: /^encoder\.stages\./, replacement: "encoder.down_blocks." },
  { pattern: /^decoder\.stages\./, replacement: "decoder.up_blocks." },
];

/** Wrappers that diffusers' modules do not have. */
const wrappers = /\b(main|op_list)\./g;

const qkv = /\.attn\.qkv\.conv\.weight$/;

export const dcNames: ModelNames = {
  updated: (name) => name,
  ofFile: () => (name) => applyNameRules(name.replace(wrappers, ""), rules),
  parts: (name) =>
    qkv.test(name)
      ? ["to_q", "to_k", "to_v"].map((part) => name.replace(qkv, `.attn.${part}.weight`))
      : undefined,
};
