import { describe, expect, test } from "vitest";
import type { ModelFacts } from "../models/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { DType } from "../tensor/dtype.ts";
import { checkLatents, checkPixels } from "./check-input.ts";

const planes: ModelFacts = {
  inChannels: 3,
  outChannels: 3,
  latentChannels: 4,
  spatialFactor: 8,
  sizes: "down",
  layout: "planes",
  pixelRange: "signed",
  tiles: undefined,
};
const rows: ModelFacts = { ...planes, inChannels: 6, latentChannels: 2, layout: "rows", pixelRange: "unit" };

const refusal = (message: string): object =>
  expect.objectContaining({ code: "INVALID_ARGUMENT", message }) as object;

describe.each([
  ["pixels", checkPixels, [1, 3, 8, 8]],
  ["latents", checkLatents, [1, 4, 8, 8]],
] as const)("%s", (_, check, shape) => {
  test.each<DType>(["float64", "float16", "bfloat16"])("of %s are widened or rounded to float32", (dtype) => {
    const given = Tensor.zeros(shape, dtype);
    expect(check(given, planes)).toMatchObject({ dtype: "float32", shape });
  });

  test("of float32 are taken as they are, without a copy", () => {
    const given = Tensor.zeros(shape);
    expect(check(given, planes)).toBe(given);
  });

  test.each<DType>(["uint8", "int64"])("of %s are refused", (dtype) => {
    expect(() => check(Tensor.zeros(shape, dtype), planes)).toThrow(`found ${dtype}.`);
  });
});

describe("checkPixels", () => {
  test.each<[ModelFacts, number[]]>([
    [planes, [1, 3, 8, 8]],
    [planes, [2, 3, 9, 15]],
    [{ ...planes, sizes: "up" }, [1, 3, 1, 1]],
    [{ ...planes, sizes: "refused" }, [1, 3, 8, 16]],
    [rows, [1, 6]],
  ])("takes what fits (%#)", (facts, shape) => {
    expect(checkPixels(Tensor.zeros(shape), facts).shape).toEqual(shape);
  });

  test.each<[ModelFacts, number[], string]>([
    [
      planes,
      [3, 8, 8],
      "encode: expected pixels [N, 3, H, W], found [3, 8, 8]. The batch dimension is missing: reshape to [1, 3, 8, 8].",
    ],
    [planes, [8, 8], "encode: expected pixels [N, 3, H, W], found [8, 8]."],
    [planes, [1, 1, 3, 8, 8], "encode: expected pixels [N, 3, H, W], found [1, 1, 3, 8, 8]."],
    [
      planes,
      [1, 8, 8, 3],
      "encode: expected pixels [N, 3, H, W], found [1, 8, 8, 3]. These look channels-last; transpose to channels-first.",
    ],
    [planes, [1, 4, 8, 8], "encode: expected pixels [N, 3, H, W], found [1, 4, 8, 8]."],
    [planes, [0, 3, 8, 8], "encode: expected pixels [N, 3, H, W], found the empty shape [0, 3, 8, 8]."],
    [
      planes,
      [1, 3, 7, 8],
      "encode: expected pixels [N, 3, H, W] with H and W at least 8, found [1, 3, 7, 8].",
    ],
    [
      planes,
      [1, 3, 8, 7],
      "encode: expected pixels [N, 3, H, W] with H and W at least 8, found [1, 3, 8, 7].",
    ],
    [
      { ...planes, sizes: "up" },
      [1, 3, 0, 8],
      "encode: expected pixels [N, 3, H, W] with H and W at least 1, found [1, 3, 0, 8].",
    ],
    [
      { ...planes, sizes: "refused" },
      [1, 3, 8, 12],
      "encode: expected pixels [N, 3, H, W] with H and W multiples of 8, found [1, 3, 8, 12]. The nearest are W 8 or 16; VaeImageProcessor with vaeScaleFactor 8 resizes pictures to them.",
    ],
    [
      rows,
      [6],
      "encode: expected pixels [N, 6], found [6]. The batch dimension is missing: reshape to [1, 6].",
    ],
    [rows, [1, 5], "encode: expected pixels [N, 6], found [1, 5]."],
    [rows, [0, 6], "encode: expected pixels [N, 6], found the empty shape [0, 6]."],
  ])("refuses what does not (%#)", (facts, shape, message) => {
    expect(() => checkPixels(Tensor.zeros(shape), facts)).toThrow(refusal(message));
  });

  test("says in which range pixels are, where they come as bytes", () => {
    expect(() => checkPixels(Tensor.zeros([1, 3, 8, 8], "uint8"), planes)).toThrow(
      "encode: expected float pixels in [-1, 1], found uint8. VaeImageProcessor converts pictures.",
    );
    expect(() => checkPixels(Tensor.zeros([1, 6], "int64"), rows)).toThrow("in [0, 1], found int64.");
  });
});

describe("checkLatents", () => {
  test("takes a single latent, and a row", () => {
    expect(checkLatents(Tensor.zeros([1, 4, 1, 1]), planes).shape).toEqual([1, 4, 1, 1]);
    expect(checkLatents(Tensor.zeros([3, 2]), rows).shape).toEqual([3, 2]);
  });

  test.each<[ModelFacts, number[], string]>([
    [
      planes,
      [1, 6, 16],
      "decode: expected latents [N, 4, h, w], found [1, 6, 16]. These look packed (FLUX): call unpackLatents first.",
    ],
    [
      planes,
      [4, 6, 15],
      "decode: expected latents [N, 4, h, w], found [4, 6, 15]. The batch dimension is missing: reshape to [1, 4, 6, 15].",
    ],
    [
      planes,
      [1, 8, 2, 2],
      "decode: expected latents [N, 4, h, w], found [1, 8, 2, 2]. These look like encoder moments: take latentDist.mode() or sample().",
    ],
    [
      planes,
      [1, 5, 2, 2],
      "decode: expected latents [N, 4, h, w], found [1, 5, 2, 2]. Do they come from another VAE?",
    ],
    [planes, [0, 4, 2, 2], "decode: expected latents [N, 4, h, w], found the empty shape [0, 4, 2, 2]."],
    [planes, [1, 4, 2, 0], "decode: expected latents [N, 4, h, w], found the empty shape [1, 4, 2, 0]."],
    [
      rows,
      [1, 4],
      "decode: expected latents [N, 2], found [1, 4]. These look like encoder moments: take latentDist.mode() or sample().",
    ],
    [rows, [1, 3], "decode: expected latents [N, 2], found [1, 3]. Do they come from another VAE?"],
    [rows, [1, 6, 8], "decode: expected latents [N, 2], found [1, 6, 8]."],
  ])("refuses what does not fit (%#)", (facts, shape, message) => {
    expect(() => checkLatents(Tensor.zeros(shape), facts)).toThrow(refusal(message));
  });

  test("says which dtype it found", () => {
    expect(() => checkLatents(Tensor.zeros([1, 4, 1, 1], "int64"), planes)).toThrow(
      "decode: expected float latents, found int64.",
    );
  });
});
