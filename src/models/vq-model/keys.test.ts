/** The config of a VQModel: diffusers' defaults, and what contradicts itself. */
import { describe, expect, test } from "vitest";
import { vqModel } from "./model.ts";
import { completeVQModelConfig, embedDimOf, type GivenVQModelConfig } from "./keys.ts";

test("an empty config.json has diffusers' defaults", () => {
  const { config, warnings } = vqModel.config.parse({ _class_name: "VQModel" }, "config.json");
  expect(warnings).toEqual([]);
  expect(JSON.parse(vqModel.config.format(config))).toMatchObject({
    latent_channels: 3,
    num_vq_embeddings: 256,
    norm_num_groups: 32,
    vq_embed_dim: null,
    scaling_factor: 0.18215,
    norm_type: "group",
    lookup_from_codebook: false,
    force_upcast: false,
  });
  expect(embedDimOf(config)).toBe(3);
});

const spatial = { normType: "spatial", blockOutChannels: [32] } as const;

test.each<[GivenVQModelConfig, string]>([
  [{ normType: "layer" as "group" }, 'normType: expected "group" or "spatial", found "layer"'],
  [{ numVqEmbeddings: 0 }, "numVqEmbeddings: expected a positive whole number, found 0"],
  [
    { ...spatial, blockOutChannels: [48], normNumGroups: 16 },
    'a multiple of 32, which norm_type "spatial" always takes',
  ],
  [{ ...spatial, vqEmbedDim: 2 }, "expected vq_embed_dim to be latent_channels 3"],
])("%j is refused", (config, message) => {
  expect(() => completeVQModelConfig(config)).toThrow(message);
});

describe("latents are scaled", () => {
  const scalingOf = (config: GivenVQModelConfig): unknown =>
    vqModel.scaling(completeVQModelConfig(config), new Map());

  test("by the factor, as Latent Diffusion's pipelines do", () => {
    expect(scalingOf({ vqEmbedDim: 5, scalingFactor: 0.5 })).toEqual({
      kind: "factor",
      latentChannels: 5,
      scalingFactor: 0.5,
      shiftFactor: 0,
    });
  });

  test("not at all by Kandinsky's and aMUSEd's", () => {
    expect(scalingOf(spatial)).toEqual({ kind: "none", latentChannels: 3 });
    expect(scalingOf({ lookupFromCodebook: true })).toEqual({ kind: "none", latentChannels: 3 });
  });
});
