import { describe, expect, it } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { packLatents, unpackLatents } from "./pack.ts";

describe("packLatents", () => {
  it("puts z[c, 2i + dy, 2j + dx] at token i·(W/2) + j, feature 4c + 2dy + dx", () => {
    const [channels, height, width] = [3, 4, 6];
    const z = Tensor.from(
      Float32Array.from({ length: 2 * channels * height * width }, (_, i) => i),
      [2, channels, height, width],
    );
    const tokens = packLatents(z);
    expect(tokens.shape).toEqual([2, 6, 12]);
    const expected: number[] = [];
    for (const n of [0, 1])
      for (const i of [0, 1])
        for (const j of [0, 1, 2])
          for (const c of [0, 1, 2])
            for (const dy of [0, 1])
              for (const dx of [0, 1])
                expected.push(((n * channels + c) * height + 2 * i + dy) * width + 2 * j + dx);
    expect(Array.from(tokens.data)).toEqual(expected);
    expect(unpackLatents(tokens, { height: 32, width: 48 }).equals(z)).toBe(true);
  });

  it("keeps the dtype", () => {
    const z = Tensor.from(Uint16Array.of(1, 2, 3, 4), [1, 1, 2, 2], "bfloat16");
    const tokens = packLatents(z);
    expect(tokens.dtype).toBe("bfloat16");
    expect(Array.from(tokens.data)).toEqual([1, 2, 3, 4]);
  });

  it("refuses odd sizes and tokens", () => {
    expect(() => packLatents(Tensor.zeros([1, 4, 3, 4]))).toThrow(
      "even height and width, found [1, 4, 3, 4]",
    );
    expect(() => packLatents(Tensor.zeros([1, 4, 16]))).toThrow("packed already?");
  });
});

describe("unpackLatents", () => {
  it("rounds the picture's size down to whole tokens", () => {
    const latents = unpackLatents(Tensor.zeros([1, 6, 64]), { height: 47, width: 63 });
    expect(latents.shape).toEqual([1, 16, 4, 6]);
    const coarse = unpackLatents(Tensor.zeros([1, 6, 64]), { height: 64, width: 96, vaeScaleFactor: 16 });
    expect(coarse.shape).toEqual([1, 16, 4, 6]);
  });

  it("says which size the tokens would fit", () => {
    expect(() => unpackLatents(Tensor.zeros([1, 16, 64]), { height: 32, width: 32 })).toThrow(
      "expected 4 tokens for a picture of height 32 and width 32, found 16, as a picture of height 64 and width 64 would have",
    );
    expect(() => unpackLatents(Tensor.zeros([1, 4, 2, 2]), { height: 32, width: 32 })).toThrow(
      "unpacked already?",
    );
    expect(() => unpackLatents(Tensor.zeros([1, 4, 6]), { height: 32, width: 32 })).toThrow(
      "multiple of 4 features",
    );
    expect(() => unpackLatents(Tensor.zeros([1, 4, 4]), { height: 0, width: 32 })).toThrow(
      "height: expected a whole number of at least 1, found 0",
    );
  });
});
