import { describe, expect, test } from "vitest";
import { print, verify } from "../../graph/index.ts";
import { bytesInMemory } from "../../tensor/byte-source.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { FindParameter } from "../parameters.ts";
import { buildDecoder, buildEncoder, parameterShapes } from "./graph.ts";
import { completeConfig, type AutoencoderKLConfig } from "./config.ts";

const levels = 4;

const flux = completeConfig({
  downBlockTypes: Array<"DownEncoderBlock2D">(levels).fill("DownEncoderBlock2D"),
  upBlockTypes: Array<"UpDecoderBlock2D">(levels).fill("UpDecoderBlock2D"),
  blockOutChannels: [128, 256, 512, 512],
  layersPerBlock: 2,
  latentChannels: 16,
  useQuantConv: false,
  usePostQuantConv: false,
});

const sd = completeConfig({ ...flux, latentChannels: 4, useQuantConv: true, usePostQuantConv: true });

const countOf = (config: AutoencoderKLConfig): number =>
  [...parameterShapes(config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);

const find: FindParameter = (name, shape) => ({
  name,
  shape,
  dtype: "float32",
  source: bytesInMemory(new Uint8Array()),
  byteOffset: 0,
  byteLength: 0,
});

describe("AutoencoderKL", () => {
  test("has FLUX.1's 244 tensors and 83,819,683 parameters", () => {
    expect(parameterShapes(flux).size).toBe(244);
    expect(countOf(flux)).toBe(83_819_683);
  });

  test("has Stable Diffusion's 248 tensors and 83,653,863 parameters", () => {
    expect(parameterShapes(sd).size).toBe(248);
    expect(countOf(sd)).toBe(83_653_863);
  });

  test("floors odd sizes at every level of the encoder", () => {
    const graph = buildEncoder(flux, { batch: 2, height: 70, width: 53 }, find);
    verify(graph);
    expect(graph.outputs[0]?.shape).toEqual([2, 32, 8, 6]);
  });

  test("never holds all scores of attention at once", () => {
    const graph = buildDecoder(flux, { batch: 1, height: 64, width: 64 }, find);
    verify(graph);
    const scores = graph.nodes.filter((node) => node.operator === "Softmax").map((node) => node.output.shape);
    expect(scores).toEqual(Array(8).fill([1, 512, 4096]));
  });

  test("prints as the list of its operators", () => {
    const tiny = completeConfig({ blockOutChannels: [2], normNumGroups: 2, midBlockAddAttention: false });
    const lines = print(buildDecoder(tiny, { batch: 1, height: 2, width: 2 }, find)).split("\n");
    expect(lines.slice(0, 5)).toMatchInlineSnapshot(`
      [
        "graph decoder(latent_sample: float32[1, 4, 2, 2]) -> (sample: float32[1, 3, 2, 2]) {",
        "  Conv: float32[1, 4, 2, 2] = Conv(latent_sample, post_quant_conv.weight, post_quant_conv.bias) {strides=[1,1] pads=[0,0,0,0]} # post_quant_conv",
        "  Conv_1: float32[1, 2, 2, 2] = Conv(Conv, decoder.conv_in.weight, decoder.conv_in.bias) {strides=[1,1] pads=[1,1,1,1]} # decoder.conv_in",
        "  decoder.mid_block.resnets.0/Reshape: float32[1, 2, 4] = Reshape(Conv_1) {shape=[1,2,4]} # decoder.mid_block.resnets.0.norm1",
        "  decoder.mid_block.resnets.0/InstanceNormalization: float32[1, 2, 4] = InstanceNormalization(decoder.mid_block.resnets.0/Reshape, ones_2, zeros_2) {epsilon=0.000001} # decoder.mid_block.resnets.0.norm1",
      ]
    `);
    expect(lines.find((line) => line.startsWith("  sample:"))).toBe(
      "  sample: float32[1, 3, 2, 2] = Conv(Mul_1, decoder.conv_out.weight, decoder.conv_out.bias) {strides=[1,1] pads=[1,1,1,1]} # decoder.conv_out",
    );
  });
});
