import { describe, expect, it } from "vitest";
import { bytesInMemory } from "../tensor/byte-source.ts";
import type { Shape } from "../tensor/shape.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { blockNames } from "../models/block-names.ts";
import { selectVaeNames, withPresentNames } from "./key-names.ts";
import { modelOfFile } from "./single-file.ts";

const source = bytesInMemory(new Uint8Array(0), "model.safetensors");

function tensorsNamed(names: Iterable<string>, shape: Shape = [4]): Map<string, StoredTensor> {
  return new Map(
    [...names].map((name, i) => [
      name,
      { name, dtype: "float32", shape, source, byteOffset: 16 * i, byteLength: 16 },
    ]),
  );
}

/** Every name of a two-level VAE with attention in its lower level: original -> diffusers. */
const twoLevels: readonly [string, string][] = [
  ["encoder.conv_in.weight", "encoder.conv_in.weight"],
  ["encoder.down.0.block.0.norm1.bias", "encoder.down_blocks.0.resnets.0.norm1.bias"],
  ["encoder.down.0.block.1.conv1.weight", "encoder.down_blocks.0.resnets.1.conv1.weight"],
  ["encoder.down.0.downsample.conv.bias", "encoder.down_blocks.0.downsamplers.0.conv.bias"],
  ["encoder.down.1.block.0.nin_shortcut.weight", "encoder.down_blocks.1.resnets.0.conv_shortcut.weight"],
  ["encoder.down.1.attn.1.norm.weight", "encoder.down_blocks.1.attentions.1.group_norm.weight"],
  ["encoder.down.1.attn.1.proj_out.bias", "encoder.down_blocks.1.attentions.1.to_out.0.bias"],
  ["encoder.mid.block_1.norm2.weight", "encoder.mid_block.resnets.0.norm2.weight"],
  ["encoder.mid.block_2.conv2.weight", "encoder.mid_block.resnets.1.conv2.weight"],
  ["encoder.mid.attn_1.norm.bias", "encoder.mid_block.attentions.0.group_norm.bias"],
  ["encoder.mid.attn_1.q.weight", "encoder.mid_block.attentions.0.to_q.weight"],
  ["encoder.norm_out.weight", "encoder.conv_norm_out.weight"],
  ["encoder.conv_out.bias", "encoder.conv_out.bias"],
  ["quant_conv.weight", "quant_conv.weight"],
  ["post_quant_conv.bias", "post_quant_conv.bias"],
  ["decoder.conv_in.bias", "decoder.conv_in.bias"],
  ["decoder.mid.attn_1.k.bias", "decoder.mid_block.attentions.0.to_k.bias"],
  ["decoder.mid.attn_1.v.weight", "decoder.mid_block.attentions.0.to_v.weight"],
  ["decoder.mid.attn_1.proj_out.weight", "decoder.mid_block.attentions.0.to_out.0.weight"],
  ["decoder.up.1.block.2.conv1.weight", "decoder.up_blocks.0.resnets.2.conv1.weight"],
  ["decoder.up.1.attn.0.q.bias", "decoder.up_blocks.0.attentions.0.to_q.bias"],
  ["decoder.up.1.upsample.conv.weight", "decoder.up_blocks.0.upsamplers.0.conv.weight"],
  ["decoder.up.0.block.0.nin_shortcut.bias", "decoder.up_blocks.1.resnets.0.conv_shortcut.bias"],
  ["decoder.norm_out.bias", "decoder.conv_norm_out.bias"],
  ["decoder.conv_out.weight", "decoder.conv_out.weight"],
];

const originalNames = twoLevels.map(([original]) => original);
const diffusersNames = twoLevels.map(([, diffusers]) => diffusers);

describe("modelOfFile", () => {
  it.each(["", "first_stage_model.", "vae."])(
    'renames an original file with the prefix "%s"',
    async (prefix) => {
      const names = originalNames.map((name) => prefix + name);
      const { tensors, scheme } = await modelOfFile(tensorsNamed(names), "model.safetensors");
      expect([...tensors.keys()]).toEqual(diffusersNames);
      expect([...tensors.values()].map((stored) => stored.name)).toEqual(diffusersNames);
      expect([...tensors.values()].map((stored) => stored.byteOffset)).toEqual(names.map((_, i) => 16 * i));
      expect(scheme).toBe("original");
    },
  );

  it.each(["", "vae."])('leaves diffusers names as they are, under the prefix "%s"', async (prefix) => {
    const names = diffusersNames.map((name) => prefix + name);
    const { tensors, scheme } = await modelOfFile(tensorsNamed(names), "model.safetensors");
    expect([...tensors.keys()]).toEqual(diffusersNames);
    expect(scheme).toBe("diffusers");
  });

  it("counts the decoder's levels from the names, however many there are", async () => {
    const names = [
      "encoder.conv_in.weight",
      "decoder.up.0.block.0.conv1.bias",
      "decoder.up.10.block.0.conv1.bias",
    ];
    const { tensors } = await modelOfFile(tensorsNamed(names), "model.safetensors");
    expect([...tensors.keys()].slice(1)).toEqual([
      "decoder.up_blocks.10.resnets.0.conv1.bias",
      "decoder.up_blocks.0.resnets.0.conv1.bias",
    ]);
  });

  it("takes only the VAE out of a whole checkpoint, and vae. before first_stage_model.", async () => {
    const others = ["model.diffusion_model.out.0.bias", "cond_stage_model.encoder.weight", "encoder.x"];
    const first = originalNames.map((name) => `first_stage_model.${name}`);
    const names = [...others, ...first, ...originalNames.map((name) => `vae.${name}`)];
    const { tensors } = await modelOfFile(tensorsNamed(names), "model.safetensors");
    expect([...tensors.keys()]).toEqual(diffusersNames);
    expect(tensors.get("encoder.conv_in.weight")?.byteOffset).toBe(
      16 * names.indexOf("vae.encoder.conv_in.weight"),
    );
    const isOfVae = selectVaeNames(names);
    expect(names.filter(isOfVae)).toEqual(originalNames.map((name) => `vae.${name}`));
    const withoutVae = selectVaeNames([...others, ...first]);
    expect([...others, ...first].filter(withoutVae)).toEqual(first);
  });

  it.each([
    [
      [4, 4, 1, 1],
      [4, 4],
    ],
    [
      [4, 4, 1],
      [4, 4],
    ],
    [
      [4, 4],
      [4, 4],
    ],
    [
      [4, 4, 3, 3],
      [4, 4, 3, 3],
    ],
  ])("views attention weights of shape %j as %j", async (stored, expected) => {
    const names = ["encoder.mid.attn_1.proj_out.weight", "decoder.mid.attn_1.q.weight"];
    const { tensors } = await modelOfFile(tensorsNamed(names, stored), "model.safetensors");
    expect([...tensors.values()].map((each) => each.shape)).toEqual([expected, expected]);
  });

  it("leaves 1x1 convolutions outside attention as they are", async () => {
    const names = [
      "encoder.down.0.block.0.nin_shortcut.weight",
      "decoder.conv_in.weight",
      "quant_conv.weight",
    ];
    const { tensors } = await modelOfFile(tensorsNamed(names, [4, 4, 1, 1]), "model.safetensors");
    expect([...tensors.values()].every((stored) => stored.shape.length === 4)).toBe(true);
  });

  it("moves quant convs out of the encoder and decoder, as FLUX.2's file has them", async () => {
    const names = ["encoder.quant_conv.weight", "decoder.post_quant_conv.bias", "encoder.a", "decoder.a"];
    const { tensors } = await modelOfFile(tensorsNamed(names), "model.safetensors");
    expect([...tensors.keys()].slice(0, 2)).toEqual(["quant_conv.weight", "post_quant_conv.bias"]);
  });

  it("refuses a file without a VAE, and shows what is in it", async () => {
    await expect(
      modelOfFile(tensorsNamed(["model.diffusion_model.out.0.bias"]), "unet.safetensors"),
    ).rejects.toThrow(
      'unet.safetensors: expected the weights of a VAE (encoder.… and decoder.…, on their own or under vae. or first_stage_model.), found "model.diffusion_model.out.0.bias" and the like.',
    );
    await expect(modelOfFile(new Map(), "empty.safetensors")).rejects.toThrow("found no tensors");
  });

  it("refuses two tensors that would have one name", async () => {
    const names = ["encoder.norm_out.bias", "encoder.conv_norm_out.bias", "decoder.conv_in.bias"];
    await expect(modelOfFile(tensorsNamed(names), "model.safetensors")).rejects.toThrow(
      'both "encoder.norm_out.bias" and "encoder.conv_norm_out.bias" would be encoder.conv_norm_out.bias',
    );
  });
});

describe("withPresentNames", () => {
  it("brings the projections' names up to date and touches nothing else", () => {
    const names = [
      "encoder.mid_block.attentions.0.query.weight",
      "encoder.mid_block.attentions.0.key.bias",
      "decoder.mid_block.attentions.0.value.weight",
      "decoder.up_blocks.1.attentions.2.proj_attn.bias",
      "decoder.mid_block.attentions.0.group_norm.bias",
      "decoder.mid_block.resnets.0.norm1.bias",
    ];
    expect([...withPresentNames(tensorsNamed(names), blockNames).keys()]).toEqual([
      "encoder.mid_block.attentions.0.to_q.weight",
      "encoder.mid_block.attentions.0.to_k.bias",
      "decoder.mid_block.attentions.0.to_v.weight",
      "decoder.up_blocks.1.attentions.2.to_out.0.bias",
      "decoder.mid_block.attentions.0.group_norm.bias",
      "decoder.mid_block.resnets.0.norm1.bias",
    ]);
  });
});
