import { describe, expect, it } from "vitest";
import { parameterShapes } from "./graph.ts";
import { completeConfig, readConfig, type GivenConfig } from "./config.ts";
import { configFromTensors } from "./config-from-tensors.ts";
import type { TensorShapes } from "../model.ts";
import type { ModelFamily } from "./families.ts";

/** The tensors of a small model with Stable Diffusion's four latent channels and both quant convolutions. */
const small = {
  blockOutChannels: [16, 32],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 8,
} as const;

function tensorsOf(config: GivenConfig): TensorShapes {
  const shapes = parameterShapes(completeConfig(config));
  return new Map([...shapes].map(([name, shape]) => [name, { shape }]));
}

const tensors = tensorsOf(small);

const open = (config: GivenConfig | undefined, as?: ModelFamily): ReturnType<typeof configFromTensors> => {
  const given = config === undefined ? undefined : readConfig(config, "config", "object");
  return configFromTensors(tensors, { as, given }, "vae.safetensors");
};

const invalid = (message: string): Error =>
  expect.objectContaining({
    code: "INVALID_CONFIG",
    message: expect.stringContaining(message) as string,
  }) as Error;

describe("configFromTensors", () => {
  it("takes shapes, then the family, then the given keys", () => {
    const { config, warnings } = open({ norm_num_groups: 8, forceUpcast: false }, "sdxl");
    expect(config).toMatchObject({
      ...small,
      scalingFactor: 0.13025,
      sampleSize: 1024,
      forceUpcast: false,
    });
    expect(warnings).toEqual([]);
    expect(open({ normNumGroups: 8, scaling_factor: 0.5 }, "sdxl").config).toMatchObject({
      scalingFactor: 0.5,
      sampleSize: 1024,
    });
  });

  it("takes the family for what a whole config.json leaves out", () => {
    const whole = { _class_name: "AutoencoderKL", norm_num_groups: 8, sample_size: 64 };
    expect(open(whole, "sdxl").config).toMatchObject({ scalingFactor: 0.13025, sampleSize: 64 });
    const alone = open(whole);
    expect(alone.config.scalingFactor).toBe(0.18215);
    // The shapes fit Stable Diffusion XL as well.
    expect(alone.warnings.join()).toContain("vae.safetensors: nothing says its scaling_factor");
  });

  it("says which scaling it assumes where nobody says it", () => {
    const { config, warnings } = open({ norm_num_groups: 8 });
    expect(config.scalingFactor).toBe(0.18215);
    expect(warnings.join()).toContain("vae.safetensors: nothing says its scaling_factor");
  });

  it("asks for the family where the config says nothing at all", () => {
    const sd = tensorsOf({ ...small, blockOutChannels: [32, 32], normNumGroups: 32 });
    for (const given of [undefined, readConfig({}, "config", "object")]) {
      expect(() => configFromTensors(sd, { given }, "vae")).toThrow(
        invalid("only the scaling tells them apart"),
      );
    }
  });

  it("keeps a mean and a deviation without a factor", () => {
    const given = { normNumGroups: 8, latentsMean: [0, 0, 0, 0], latentsStd: [1, 1, 1, 1] };
    expect(open(given)).toMatchObject({
      config: { scalingFactor: null },
      warnings: [expect.stringContaining("divided by the std alone")],
    });
    expect(open(given, "sdxl").config.scalingFactor).toBe(0.13025);
  });

  it.each<[GivenConfig, string]>([
    [{ latentChannels: 16 }, "latent_channels: expected 4, found 16"],
    [{ layers_per_block: 2 }, "layers_per_block: expected 1, found 2"],
    [{ blockOutChannels: [16] }, "block_out_channels: expected [16, 32], found [16]"],
    [{ use_quant_conv: false }, "use_quant_conv: expected true, found false"],
    [{ midBlockAddAttention: false }, "mid_block_add_attention: expected true, found false"],
    [
      { in_channels: 1, out_channels: 1, latent_channels: 8, layers_per_block: 3 },
      "in_channels: expected 3, found 1; out_channels: expected 3, found 1; layers_per_block: expected 1, found 3 and 1 more",
    ],
  ])("refuses a config that contradicts the shapes: %j", (config, message) => {
    expect(() => open({ normNumGroups: 8, ...config }, "sd1")).toThrow(invalid(message));
  });

  it("refuses a family that the shapes contradict, and one that does not exist, also beside a config", () => {
    const config = { normNumGroups: 8 };
    expect(() => open(config, "flux1")).toThrow(invalid("Expected 16 latent channels without quant_conv"));
    expect(() => open(config, "nonsense" as ModelFamily)).toThrow(
      invalid('Expected `as` to be one of sd1, sdxl, sd3, flux1, found "nonsense"'),
    );
    expect(() => open(config, null as never)).toThrow(invalid("found null"));
  });

  it("refuses groups that do not divide the channels", () => {
    expect(() => open({ normNumGroups: 12 }, "sd1")).toThrow(invalid("a multiple of norm_num_groups 12"));
  });
});
