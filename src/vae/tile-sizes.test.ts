import { describe, expect, test } from "vitest";
import { autoencoderKL, completeConfig, type ModelFacts } from "../models/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { tileCount, tilesFor } from "./tile-sizes.ts";

/** Four levels: eight pixels to a latent. */
const factsOf = (sampleSize: number, levels = 4): ModelFacts =>
  autoencoderKL.facts(
    completeConfig({
      blockOutChannels: Array<number>(levels).fill(4),
      downBlockTypes: Array<"DownEncoderBlock2D">(levels).fill("DownEncoderBlock2D"),
      upBlockTypes: Array<"UpDecoderBlock2D">(levels).fill("UpDecoderBlock2D"),
      normNumGroups: 2,
      sampleSize,
    }),
  );

/** What is left of a picture of these sides, and in how many tiles. */
function tiled(height: number, width: number, facts = factsOf(64)): string {
  const tiles = tilesFor(Tensor.zeros([1, 1, height, width]), facts, "encoder");
  return `${tiles.input.shape.slice(2).join("x")} in ${tileCount(tiles)}`;
}

describe("tiles of 64 pixels, every 48", () => {
  test.each([
    [64, 64, "64x64 in 1"],
    [8, 65, "8x65 in 2"],
    [64, 96, "64x96 in 4"],
    // A last tile of 1 … 7 pixels.
    [64, 97, "64x96 in 4"],
    [64, 100, "64x96 in 4"],
    [64, 103, "64x96 in 4"],
    [100, 64, "96x64 in 4"],
    // Only the side with a sliver is cut: diffusers takes the other as it is.
    [100, 107, "96x107 in 6"],
    [64, 104, "64x104 in 6"],
    [151, 145, "144x144 in 9"],
    // A side shorter than a tile is cut into two, too.
    [51, 72, "48x72 in 2"],
    [56, 72, "56x72 in 4"],
  ])("%i x %i are taken as %s", (height, width, expected) => {
    expect(tiled(height, width)).toBe(expected);
  });
});

test("a picture that fits one tile when it is cut is one tile", () => {
  // Tiles of 8 pixels, every 6: the last of a side of 9 has 3, where a latent has 4.
  expect(tiled(9, 9, factsOf(8, 3))).toBe("8x8 in 1");
  expect(tiled(7, 9, factsOf(8, 3))).toBe("4x8 in 1");
  expect(tiled(9, 9, factsOf(8, 2))).toBe("9x9 in 4");
});

test("a side of whole latents whose tiles begin between them is refused with what fits", () => {
  expect(() => tiled(48, 20, factsOf(20))).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message:
        'tiling "diffusers": expected tiles of at least 8 pixels, found a last one of 3 in a height of 48: ' +
        "sample_size 20 makes a tile every 15 pixels (diffusers fails, too); " +
        'take tiling "exact", which has no seams, or "off", or cut or resize the height to 40.',
    }),
  );
  // Tiles every 9 pixels: sides of 24 and 16 would end with a sliver, too.
  expect(() => tiled(32, 8, factsOf(12))).toThrow(/or cut or resize the height to 8\.$/);
  // Tiles every 6 pixels, none of which has 8: nothing fits.
  expect(() => tiled(8, 200, factsOf(8))).toThrow(/or "off"\.$/);
});

test("a sample_size that makes no tiles is refused where tiles are needed", () => {
  const decoding = (sampleSize: number, side: number): number => {
    return tileCount(tilesFor(Tensor.zeros([1, 4, side, 1]), factsOf(sampleSize), "decoder"));
  };
  expect(() => tiled(8, 8, factsOf(7))).toThrow(
    'expected sample_size of at least 8 pixels in the config, found 7, which makes no tiles (diffusers fails, too); take tiling "exact"',
  );
  expect(() => tiled(1, 2, factsOf(1, 1))).toThrow("expected sample_size of at least 2 pixels");
  expect(() => decoding(7, 1)).toThrow("expected sample_size of at least 16 pixels in the config, found 7");
  expect(() => decoding(15, 2)).toThrow("found 15");
  expect(decoding(15, 1)).toBe(1);
  expect(decoding(16, 3)).toBe(3);
});

test("latents have no slivers", () => {
  for (let side = 1; side <= 40; side++) {
    const { input } = tilesFor(Tensor.zeros([1, 4, side, 40]), factsOf(64), "decoder");
    expect(input.shape).toEqual([1, 4, side, 40]);
  }
});
