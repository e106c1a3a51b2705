/** What AutoencoderDC takes and refuses, and what its weights say without a config. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { autoencoderDC, completeDCConfig, type AutoencoderDCConfig } from "../src/models/index.ts";
import { AutoencoderDC, openVae, Tensor } from "../src/node/index.ts";
import type { Shape } from "../src/tensor/shape.ts";
import { fixturePath, readGoldens, readJson } from "./conformance/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "vaekit-dc-"));
const vae = await AutoencoderDC.fromPretrained(fixturePath("dc-models/imagenet"), { device: "cpu" });
afterAll(async () => {
  await vae.dispose();
  rmSync(folder, { recursive: true });
});

describe("sizes", () => {
  test.each([
    [30, 44],
    [28, 45],
  ])("%ix%i pixels are no multiples of 4 and are refused", async (height, width) => {
    await expect(vae.encode(Tensor.zeros([1, 3, height, width]))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("with H and W multiples of 4, found [1, 3,") as string,
    });
  });

  test("latents of another number of channels are refused", async () => {
    await expect(vae.decode(Tensor.zeros([1, 5, 2, 2]))).rejects.toThrow(
      "decode: expected latents [N, 4, h, w], found [1, 5, 2, 2]",
    );
  });

  test("there is no distribution to draw from", async () => {
    const encoded = await vae.encode(Tensor.zeros([1, 3, 4, 4]));
    expect(() => encoded.latents({ sample: true })).toThrow("EncoderOutput.latents: expected no sample");
  });

  test("diffusers' tiles are refused where they do not lie on whole latents", () => {
    const stages = <T>(value: T): T[] => Array.from({ length: 8 }, () => value);
    const config = completeDCConfig({
      encoderBlockOutChannels: stages(32),
      decoderBlockOutChannels: stages(32),
      encoderLayersPerBlock: stages(1),
      decoderLayersPerBlock: stages(1),
      encoderQkvMultiscales: stages([]),
      decoderQkvMultiscales: stages([]),
    });
    expect(autoencoderDC.facts(config)).toMatchObject({ spatialFactor: 128, tiles: undefined });
    expect(autoencoderDC.facts(completeDCConfig({})).tiles).toEqual({
      key: "tile_sample_min_height",
      pixels: 512,
      latents: 16,
      overlap: 0.125,
    });
  });
});

describe("a config is refused", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "with unknown blocks",
      { encoder_block_types: "ViTBlock" },
      '"ResBlock" or "EfficientViTBlock", or a list of them, found "ViTBlock"',
    ],
    ["with one unknown block", { decoder_block_types: ["ResBlock", "MLP"] }, 'found "MLP" at place 2'],
    [
      "with layer_norm, with which diffusers fails",
      { decoder_norm_types: "layer_norm" },
      '"rms_norm" or "batch_norm"',
    ],
    [
      "with even kernels",
      { encoder_qkv_multiscales: [[], [], [], [4], [5], [5]] },
      "encoder_qkv_multiscales",
    ],
    [
      "with too few stages in a list",
      { decoder_layers_per_block: [3, 3] },
      "expected 6 values in decoder_layers_per_block, one per stage",
    ],
    [
      "with an empty stage between others",
      { decoder_layers_per_block: [3, 0, 3, 3, 3, 3] },
      "found none in stage 2",
    ],
    [
      "with heads wider than a stage",
      { encoder_block_types: "EfficientViTBlock", attention_head_dim: 200 },
      "found 128 in stage 1 of encoder_block_out_channels",
    ],
    [
      "whose latents do not divide the last stage",
      { latent_channels: 30 },
      "multiple of latent_channels, 30",
    ],
    [
      "whose shortcuts join no whole runs",
      { encoder_block_out_channels: [128, 256, 512, 512, 1024, 960] },
      "found 1024 and 960",
    ],
    [
      "whose channels are no squares",
      { encoder_block_out_channels: [129, 258, 516, 516, 1024, 1024] },
      "found 258",
    ],
  ])("%s", (_, keys, message) => {
    const parse = (): unknown =>
      autoencoderDC.config.parse({ _class_name: "AutoencoderDC", ...keys }, "config.json");
    expect(parse).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
    expect(parse).toThrow(message);
  });
});

const shapesOf = (config: AutoencoderDCConfig, half?: "encoder" | "decoder"): Map<string, { shape: Shape }> =>
  new Map([...autoencoderDC.parameterShapes(config, half)].map(([name, shape]) => [name, { shape }]));

const alone = await autoencoderDC.alone!();
const infer: typeof alone.infer = (...weights) => alone.infer(...weights);

describe("weights without a config", () => {
  const published = completeDCConfig({
    encoderBlockTypes: [
      "ResBlock",
      "ResBlock",
      "ResBlock",
      "EfficientViTBlock",
      "EfficientViTBlock",
      "EfficientViTBlock",
    ],
    decoderBlockTypes: [
      "ResBlock",
      "ResBlock",
      "ResBlock",
      "EfficientViTBlock",
      "EfficientViTBlock",
      "EfficientViTBlock",
    ],
    downsampleBlockType: "conv",
    upsampleBlockType: "interpolate",
    decoderNormTypes: Array.from({ length: 6 }, () => "rms_norm" as const),
    decoderActFns: Array.from({ length: 6 }, () => "silu" as const),
    scalingFactor: 0.41407,
  });

  test("of Sana's published size say its config, with its scaling", () => {
    expect(infer(shapesOf(published), {}, "sana.safetensors")).toEqual({ config: published, warnings: [] });
  });

  test("of either half alone say the other by it", () => {
    const decoder = infer(shapesOf(published, "decoder"), {}, "decoder").config;
    expect(decoder).toMatchObject({
      encoderBlockOutChannels: published.decoderBlockOutChannels,
      upsampleBlockType: "interpolate",
    });
    const encoder = infer(
      shapesOf(published, "encoder"),
      { config: { json: { scaling_factor: 1 }, subject: "config", isFile: false } },
      "encoder",
    ).config;
    expect(encoder).toMatchObject({
      decoderLayersPerBlock: published.encoderLayersPerBlock,
      downsampleBlockType: "conv",
    });
  });

  test.each(["imagenet", "switches"])(
    "of %s say what its config says, but for what leaves no trace",
    (name) => {
      const { config } = autoencoderDC.config.parse(readJson(`dc-models/${name}/config.json`), name);
      const untold = {
        attention_head_dim: config.attentionHeadDim,
        scaling_factor: config.scalingFactor,
        decoder_act_fns: config.decoderActFns,
        decoder_conv_act_fn: config.decoderConvActFn,
        encoder_out_shortcut: config.encoderOutShortcut,
        decoder_in_shortcut: config.decoderInShortcut,
      };
      const given = { config: { json: untold, subject: "config", isFile: false } };
      const found = infer(shapesOf(config), given, name).config;
      expect([...autoencoderDC.parameterShapes(found)]).toEqual([...autoencoderDC.parameterShapes(config)]);
      expect(found).toMatchObject({
        encoderLayersPerBlock: config.encoderLayersPerBlock,
        encoderQkvMultiscales: config.encoderQkvMultiscales,
      });
    },
  );

  test("whose scaling nothing says are refused", () => {
    const { config } = autoencoderDC.config.parse(readJson("dc-models/imagenet/config.json"), "imagenet");
    const given = { json: { attentionHeadDim: 8 }, subject: "config", isFile: false };
    expect(() => infer(shapesOf(config), { config: given }, "in.safetensors")).toThrow(
      "in.safetensors: scaling_factor is not in the file, and models with the same shapes have different ones.",
    );
  });

  test("are refused beside a config of another size", () => {
    const json = { encoder_layers_per_block: [1, 1, 1, 1, 1, 1] };
    expect(() =>
      infer(shapesOf(published), { config: { json, subject: "config", isFile: false } }, "sana"),
    ).toThrow("the config contradicts the shapes of the file's tensors: encoder_layers_per_block");
  });
});

test("a model is saved with its statistics, and opened again with the same numbers", async () => {
  const path = join(folder, "saved");
  await vae.savePretrained(path);
  await using opened = await openVae(path, { device: "cpu" });
  expect(opened).toBeInstanceOf(AutoencoderDC);
  expect(opened.config).toEqual(vae.config);
  const latents = readGoldens("dc-models/imagenet/golden.safetensors").get("latents");
  expect((await opened.decode(latents)).sample).toBeAllclose((await vae.decode(latents)).sample, {
    absolute: 0,
  });
});
