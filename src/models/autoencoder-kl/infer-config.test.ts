import { describe, expect, it } from "vitest";
import { completeConfig } from "./config.ts";
import { parameterShapes } from "./graph.ts";
import { configFromTensors } from "./config-from-tensors.ts";
import type { Half } from "../parameters.ts";
import type { Shape } from "../../tensor/shape.ts";
import { inferArchitecture } from "./infer-architecture.ts";
import { modelFamilies, type ModelFamily } from "./families.ts";
import { inferConfig } from "./infer-config.ts";

type Shapes = Map<string, { shape: Shape }>;

interface Layout {
  channels?: readonly number[];
  layers?: number;
  latent?: number;
  quantConvs?: boolean;
  midAttention?: boolean;
  attentionLevels?: readonly number[];
}

/** The tensors that inference looks at, of a VAE of this layout. */
function shapesOf(layout: Layout = {}): Shapes {
  const { channels = [128, 256, 512, 512], layers = 2, latent = 4 } = layout;
  const shapes: Shapes = new Map();
  const add = (name: string, ...shape: number[]): void => void shapes.set(name, { shape });
  add("encoder.conv_in.weight", channels[0]!, 3, 3, 3);
  channels.forEach((out, level) => {
    for (let layer = 0; layer < layers; layer++) {
      add(`encoder.down_blocks.${level}.resnets.${layer}.conv1.weight`, out, out, 3, 3);
    }
    if (layout.attentionLevels?.includes(level) === true) {
      add(`encoder.down_blocks.${level}.attentions.0.to_q.weight`, out, out);
      add(`decoder.up_blocks.${channels.length - 1 - level}.attentions.0.to_q.weight`, out, out);
    }
  });
  const last = channels.at(-1)!;
  if (layout.midAttention !== false) add("encoder.mid_block.attentions.0.to_q.weight", last, last);
  add("encoder.conv_out.weight", 2 * latent, last, 3, 3);
  if (layout.quantConvs !== false) {
    add("quant_conv.weight", 2 * latent, 2 * latent, 1, 1);
    add("post_quant_conv.weight", latent, latent, 1, 1);
  }
  add("decoder.conv_in.weight", last, latent, 3, 3);
  add("decoder.conv_out.weight", 3, channels[0]!, 3, 3);
  return shapes;
}

describe("inferConfig", () => {
  it.each<[ModelFamily, Layout, number, number | null, number]>([
    ["sd1", { latent: 4 }, 0.18215, null, 512],
    ["sdxl", { latent: 4 }, 0.13025, null, 1024],
    ["sd3", { latent: 16, quantConvs: false }, 1.5305, 0.0609, 1024],
    ["flux1", { latent: 16, quantConvs: false }, 0.3611, 0.1159, 1024],
  ])("gives %s the values of its published config", (as, layout, scalingFactor, shiftFactor, sampleSize) => {
    const levels = 4;
    expect(inferConfig(shapesOf(layout), as)).toEqual({
      inChannels: 3,
      outChannels: 3,
      downBlockTypes: Array.from({ length: levels }, () => "DownEncoderBlock2D"),
      upBlockTypes: Array.from({ length: levels }, () => "UpDecoderBlock2D"),
      blockOutChannels: [128, 256, 512, 512],
      layersPerBlock: 2,
      actFn: "silu",
      latentChannels: layout.latent,
      normNumGroups: 32,
      sampleSize,
      scalingFactor,
      shiftFactor,
      latentsMean: null,
      latentsStd: null,
      forceUpcast: true,
      useQuantConv: layout.quantConvs ?? true,
      usePostQuantConv: layout.quantConvs ?? true,
      midBlockAddAttention: true,
    });
  });

  it("asks which family it is when two fit, and names both with their factors", () => {
    expect(() => inferConfig(shapesOf(), undefined, "vae.safetensors")).toThrow(
      'vae.safetensors has 4 latent channels with quant_conv and post_quant_conv: that is sd1 (Stable Diffusion 1 and 2, scaling factor 0.18215) or sdxl (Stable Diffusion XL, scaling factor 0.13025), and only the scaling tells them apart. Pass `config`, or `as: "sd1"` or `as: "sdxl"`.',
    );
    expect(() => inferConfig(shapesOf({ latent: 16, quantConvs: false }))).toThrow(
      "sd3 (Stable Diffusion 3, scaling factor 1.5305, shift factor 0.0609) or flux1 (FLUX.1, scaling factor 0.3611, shift factor 0.1159)",
    );
  });

  it.each<Layout>([{ latent: 8 }, { latent: 16 }, { latent: 4, quantConvs: false }])(
    "asks for a config when no family fits: %j",
    (layout) => {
      expect(() => inferConfig(shapesOf(layout))).toThrow(
        expect.objectContaining({
          code: "INVALID_CONFIG",
          message: expect.stringContaining("Pass `config`.") as string,
        }) as Error,
      );
    },
  );

  it("refuses a family that the shapes contradict", () => {
    expect(() => inferConfig(shapesOf(), "flux1")).toThrow(
      'Expected 16 latent channels without quant_conv for `as: "flux1"` (FLUX.1); weights has 4 latent channels with quant_conv and post_quant_conv. Its shapes fit sd1 and sdxl.',
    );
  });

  it("refuses a family that does not exist", () => {
    expect(() => inferConfig(shapesOf(), "toString" as ModelFamily)).toThrow(
      `Expected \`as\` to be one of ${Object.keys(modelFamilies).join(", ")}, found "toString".`,
    );
  });

  it.each([
    ["quantize.embedding.weight", [256, 3], "VQModel"],
    ["encoder.conv_in.weight", [96, 3, 3, 3, 3], "video"],
  ])("refuses another class of autoencoder, known by %s", (name, shape, description) => {
    expect(() => inferConfig(shapesOf().set(name, { shape }), "sd1")).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: expect.stringContaining(description) as string,
      }) as Error,
    );
  });
});

describe("inferArchitecture", () => {
  it("reads levels, layers, attention and quant convs from the names", () => {
    const shapes = shapesOf({
      channels: [32, 64, 96],
      layers: 3,
      latent: 8,
      quantConvs: false,
      midAttention: false,
      attentionLevels: [2],
    });
    expect(inferArchitecture(shapes)).toEqual({
      inChannels: 3,
      outChannels: 3,
      downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
      upBlockTypes: ["AttnUpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
      blockOutChannels: [32, 64, 96],
      layersPerBlock: 3,
      latentChannels: 8,
      normNumGroups: 32,
      useQuantConv: false,
      usePostQuantConv: false,
      midBlockAddAttention: false,
    });
  });

  it("asks for a config when 32 groups cannot be", () => {
    expect(() => inferArchitecture(shapesOf({ channels: [32, 48] }), "vae.safetensors")).toThrow(
      "vae.safetensors: norm_num_groups is not in the file, and the usual 32 does not divide its 48 channels. Pass `config`.",
    );
  });

  it.each(["encoder.conv_in.weight", "encoder.conv_out.weight", "decoder.conv_out.weight"])(
    "says so when %s is missing or of another rank",
    (name) => {
      const missing = shapesOf();
      missing.delete(name);
      expect(() => inferArchitecture(missing)).toThrow(`expected ${name} of shape [out, in, height, width]`);
      expect(() => inferArchitecture(shapesOf().set(name, { shape: [8] }))).toThrow("found [8]");
    },
  );

  it("refuses levels of different depth, and no levels at all", () => {
    const ragged = shapesOf();
    ragged.delete("encoder.down_blocks.2.resnets.1.conv1.weight");
    expect(() => inferArchitecture(ragged)).toThrow(
      "the same number of residual blocks in every encoder level, found [2, 2, 1, 2]",
    );
    const none: Shapes = new Map([...shapesOf()].filter(([name]) => !name.includes("down_blocks")));
    expect(() => inferArchitecture(none)).toThrow("found []");
  });

  it("refuses an odd number of moments", () => {
    const shapes = shapesOf().set("encoder.conv_out.weight", { shape: [7, 512, 3, 3] });
    expect(() => inferArchitecture(shapes)).toThrow(
      "expected an even number of channels out of encoder.conv_out",
    );
  });
});

describe("one half alone", () => {
  const half = (half: Half, config: Parameters<typeof completeConfig>[0]): Shapes =>
    new Map(
      [...parameterShapes(completeConfig(config), half)].map(([name, shape]) => [name, { shape }] as const),
    );

  const configs = [
    {
      blockOutChannels: [32, 64],
      layersPerBlock: 2,
      downBlockTypes: ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
      upBlockTypes: ["AttnUpDecoderBlock2D", "UpDecoderBlock2D"],
    },
    { blockOutChannels: [32], latentChannels: 16, useQuantConv: false, usePostQuantConv: false },
    { blockOutChannels: [64], inChannels: 1, outChannels: 1, midBlockAddAttention: false },
  ] as const;

  it.each(configs)("of %j says what the whole says", (config) => {
    const whole = completeConfig(config);
    for (const name of ["encoder", "decoder"] as const) {
      expect(whole).toMatchObject(inferArchitecture(half(name, config)));
    }
  });

  it("leaves what is of the other half to the caller, and nothing else", () => {
    const given = (values: object) => ({ given: { values, warnings: [], isWhole: false } });
    const tensors = half("encoder", configs[0]);
    const other = { outChannels: 4, usePostQuantConv: false, scalingFactor: 0.5 };
    expect(configFromTensors(tensors, given(other), "half").config).toMatchObject(other);
    expect(() => configFromTensors(tensors, given({ inChannels: 4 }), "half")).toThrow(
      "half: the config contradicts the shapes of the file's tensors: in_channels: expected 3, found 4.",
    );
    expect(() => configFromTensors(half("decoder", configs[0]), given({ outChannels: 4 }), "half")).toThrow(
      "out_channels: expected 3, found 4.",
    );
  });

  it("that lacks what every such half has says what", () => {
    const tensors = half("decoder", configs[0]);
    tensors.delete("decoder.conv_in.weight");
    expect(() => inferArchitecture(tensors, "half")).toThrow(
      "half: expected decoder.conv_in.weight of shape [out, in, height, width], as every AutoencoderKL has, found no such tensor.",
    );
  });
});
