import { describe, expect, test } from "vitest";
import { autoencoderKLQwenImage21 } from "./qwen-image-21.ts";
import { autoencoderKLQwenImage, completeQwenImageConfig } from "./qwen-image.ts";
import { autoencoderKLWan, completeWanConfig } from "./wan.ts";

const parsed = (json: object): unknown =>
  autoencoderKLWan.config.parse({ _class_name: "AutoencoderKLWan", ...json }, "vae/config.json");

describe("a config.json", () => {
  test("without keys has diffusers' defaults", () => {
    expect(parsed({})).toEqual({ config: completeWanConfig({}), warnings: [] });
  });

  test("of the hub has a key that no class reads; any other unknown one is warned of", () => {
    expect(parsed({ clip_output: false })).toMatchObject({ warnings: [] });
    expect(parsed({ clip_outputs: false })).toMatchObject({
      warnings: ["vae/config.json: ignored keys that AutoencoderKLWan does not have: clip_outputs."],
    });
  });

  test.each<[object, string]>([
    [
      { attn_scales: [0.5] },
      "attn_scales: expected an empty list, since diffusers runs no attention outside of the middle, found [0.5].",
    ],
    [
      { temperal_downsample: [true] },
      "expected 3 values in temperal_downsample, one fewer than in dim_mult, found 1.",
    ],
    [{ z_dim: 4 }, "expected 4 values in latents_mean, one per latent channel (z_dim), found 16."],
    [{ in_channels: 3, patch_size: 2 }, "expected in_channels to be a multiple of patch_size², 4, found 3."],
    [
      { is_residual: true, dim_mult: [1, 3, 4, 4] },
      "expected dim_mult whose levels' channels divide each other times 8, as shortcuts need, found 96 and 288 channels.",
    ],
    [{ patch_size: 17 }, "patch_size: expected a whole number of at most 16, or null, found 17."],
  ])("with %j is refused", (json, message) => {
    expect(() => parsed(json)).toThrow(message);
  });

  test("of shortcuts that join whole groups is taken, whatever the last level is", () => {
    const json = { is_residual: true, dim_mult: [1, 2, 4, 2], temperal_downsample: [false, true, true] };
    expect(parsed(json)).toMatchObject({ config: { dimMult: [1, 2, 4, 2] } });
    expect(() => parsed({ ...json, dim_mult: [1, 2, 2, 4] })).toThrow(
      "times 1, as shortcuts need, found 192 and 384",
    );
  });
});

test("what a picture costs is what its class says: pixels to a latent, channels, sizes", () => {
  const wan = autoencoderKLWan.facts(completeWanConfig({}));
  expect(wan).toMatchObject({ inChannels: 3, latentChannels: 16, spatialFactor: 8, sizes: "down" });
  const patched = completeWanConfig({ isResidual: true, inChannels: 12, outChannels: 12, patchSize: 2 });
  expect(autoencoderKLWan.facts(patched)).toMatchObject({
    inChannels: 3,
    outChannels: 3,
    spatialFactor: 16,
    sizes: "refused",
  });
});

/** As diffusers counts them for models of the default configs. */
test.each([
  [
    "AutoencoderKLQwenImage",
    autoencoderKLQwenImage.parameterShapes(completeQwenImageConfig({})),
    126_892_531,
  ],
  [
    "AutoencoderKLQwenImage21",
    autoencoderKLQwenImage21.parameterShapes(
      autoencoderKLQwenImage21.config.parse({ _class_name: "AutoencoderKLQwenImage21" }, "config").config,
    ),
    337_740_404,
  ],
])("%s has as many parameters as diffusers' class", (_, shapes, count) => {
  const sizes = [...shapes.values()].map((shape) => shape.reduce((product, size) => product * size, 1));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
});
