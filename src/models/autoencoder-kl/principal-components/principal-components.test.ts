/** What the linear start writes, and what it refuses; that it reconstructs pictures is test/train's to show. */
import { describe, expect, test } from "vitest";
import { Generator } from "../../../random/index.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { completeConfig, type AutoencoderKLConfig } from "../config.ts";
import { initializeParameters } from "../initialize.ts";
import { cropToMultiple, rootMeanSquares } from "./feature-maps.ts";
import { initializeFromPrincipalComponents } from "./index.ts";
import { writeLinearEncoder } from "./linear-encoder.ts";
import { ParameterEditor } from "./parameter-editor.ts";

function configOf(
  blockOutChannels: readonly number[],
  rest: Partial<AutoencoderKLConfig> = {},
): AutoencoderKLConfig {
  return completeConfig({
    blockOutChannels,
    downBlockTypes: blockOutChannels.map(() => "DownEncoderBlock2D"),
    upBlockTypes: blockOutChannels.map(() => "UpDecoderBlock2D"),
    midBlockAddAttention: false,
    useQuantConv: false,
    usePostQuantConv: false,
    normNumGroups: 2,
    ...rest,
  });
}

const pictures = Generator.philox(1).randn([2, 3, 17, 16]);
const drawnFor = (config: AutoencoderKLConfig) => initializeParameters(config, Generator.torch(0));

describe("the linear code", () => {
  test("has as many channels at each level as blocks, this level and the next can hold, and the latents last", () => {
    const config = configOf([24, 10, 24], { latentChannels: 6 });
    const editor = new ParameterEditor(drawnFor(config));
    const codes = writeLinearEncoder(editor, config, cropToMultiple(pictures, 4), Generator.philox(0));
    expect(codes.map(({ count, channels, height, width }) => [count, channels, height, width])).toEqual([
      [2, 3, 16, 16],
      [2, 10, 8, 8],
      [2, 6, 4, 4],
    ]);
    for (const size of rootMeanSquares(codes.at(-1)!)) expect(size).toBeCloseTo(1, 5);
  });

  test("has four times as many channels as the level before where there is room", () => {
    const config = configOf([64, 64, 64, 64], { latentChannels: 5 });
    const editor = new ParameterEditor(drawnFor(config));
    const codes = writeLinearEncoder(editor, config, cropToMultiple(pictures, 8), Generator.philox(0));
    expect(codes.map(({ channels }) => channels)).toEqual([3, 12, 48, 5]);
  });
});

test("every sampler of both halves is written, and other layers' random weights stay", () => {
  const config = configOf([16, 24, 24]);
  const drawn = drawnFor(config);
  const fitted = initializeFromPrincipalComponents(config, drawn, pictures, Generator.philox(0));
  const changed = [...fitted]
    .filter(([name, tensor]) => !tensor.equals(drawn.get(name)!))
    .map(([name]) => name);
  for (const level of [0, 1]) {
    expect(changed).toContain(`encoder.down_blocks.${level}.downsamplers.0.conv.weight`);
    expect(changed).toContain(`decoder.up_blocks.${level}.upsamplers.0.conv.weight`);
  }
  expect(changed).toContain("encoder.down_blocks.1.resnets.0.conv_shortcut.weight");
  expect(changed).toContain("decoder.up_blocks.2.resnets.0.conv_shortcut.weight");
  for (const half of ["encoder", "decoder"])
    for (const layer of ["conv_in", "conv_out"]) expect(changed).toContain(`${half}.${layer}.weight`);
  expect(changed.filter((name) => /\.conv1\.|\.norm[12]\./.test(name))).toEqual([]);
});

describe("what has no linear start", () => {
  const refused = (code: string, message: string): Error =>
    expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;
  const start = (config: AutoencoderKLConfig, given: Tensor = pictures): unknown =>
    initializeFromPrincipalComponents(config, drawnFor(config), given, Generator.philox(0));

  test.each([
    [
      "one level",
      configOf([32]),
      "expected at least two block_out_channels, as the code is one of blocks of pixels, found one. Choose another initialization for this model.",
    ],
    [
      "other channels out",
      configOf([16, 16], { outChannels: 1 }),
      "expected as many out_channels as in_channels, found 1 and 3.",
    ],
    [
      "groups of one channel",
      configOf([4, 8], { normNumGroups: 4 }),
      "the decoder's last level needs at least 8 channels in 4 groups for 3 signals, each with both signs, found 4",
    ],
    [
      "more latents than channels",
      configOf([8, 64], { latentChannels: 12 }),
      "at least 12 channels in level 0 of the encoder, through which the latents must pass, found 8",
    ],
    [
      "more latents than pixels",
      configOf([64, 64], { latentChannels: 16 }),
      "expected at least 16 channels in the signal before the latents",
    ],
  ])("is refused: %s", (_, config, message) => {
    expect(() => start(config)).toThrow(refused("UNSUPPORTED", message));
  });

  test.each([[[2, 1, 8, 8]], [[0, 3, 8, 8]], [[2, 3, 1, 8]], [[2, 3, 8, 1]], [[3, 8, 8]], [[1, 2, 3, 8, 8]]])(
    "is refused: pictures %j",
    (shape) => {
      const message = `expected pictures [N, 3, H, W] with sides of at least 2, found [${shape.join(", ")}].`;
      expect(() => start(configOf([16, 24]), Tensor.zeros(shape))).toThrow(
        refused("INVALID_ARGUMENT", message),
      );
    },
  );
});
