import { expect, test } from "vitest";
import {
  completeTinyConfig,
  formatTinyConfig,
  parseTinyConfig,
  type AutoencoderTinyConfig,
} from "./config.ts";

test("an empty config.json has diffusers' defaults, TAESD's", () => {
  const { config, warnings } = parseTinyConfig({ _class_name: "AutoencoderTiny" }, "c");
  expect(warnings).toEqual([]);
  expect(config).toMatchObject({
    encoderBlockOutChannels: [64, 64, 64, 64],
    numEncoderBlocks: [1, 3, 3, 3],
    numDecoderBlocks: [3, 3, 3, 1],
    latentChannels: 4,
    latentMagnitude: 3,
    latentShift: 0.5,
    actFn: "relu",
  });
});

test("block_out_channels, which diffusers adds, is known; its capitals are, too", () => {
  const json = { block_out_channels: [64, 64, 64, 64], act_fn: "SiLU", something: 1 };
  const { config, warnings } = parseTinyConfig(json, "c");
  expect(config.actFn).toBe("silu");
  expect(warnings).toEqual(["c: ignored keys that AutoencoderTiny does not have: something."]);
});

test("config.json has block_out_channels as diffusers writes it, and our own key only where it says something", () => {
  const plain = JSON.parse(formatTinyConfig(completeTinyConfig({}))) as Record<string, unknown>;
  expect(plain.block_out_channels).toEqual([64, 64, 64, 64]);
  expect(plain).not.toHaveProperty("latent_pool");
  const pooled = completeTinyConfig({ latentPool: true });
  expect(parseTinyConfig(JSON.parse(formatTinyConfig(pooled)), "c").config).toEqual(pooled);
});

test.each<[Partial<AutoencoderTinyConfig>, string, string]>([
  [
    { numEncoderBlocks: [1] },
    "INVALID_CONFIG",
    "expected 4 num_encoder_blocks, one per encoder_block_out_channels, found 1.",
  ],
  [
    { decoderBlockOutChannels: [64, 64, 32, 32] },
    "INVALID_CONFIG",
    "expected the same number of channels in all decoder_block_out_channels, found [64, 64, 32, 32].",
  ],
  [
    { upsamplingScalingFactor: 4 },
    "UNSUPPORTED",
    "found one that makes 64 pixels of a latent, of which the encoder makes 8.",
  ],
])("values that do not fit together are refused: %j", (values, code, message) => {
  expect(() => completeTinyConfig(values)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error,
  );
});

test("other ways to enlarge are refused", () => {
  expect(() => parseTinyConfig({ upsample_fn: "bilinear" }, "c")).toThrow(
    'c: upsample_fn: expected "nearest", found "bilinear".',
  );
});
