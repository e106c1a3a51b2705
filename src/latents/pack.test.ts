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

describe("the limits of packing", () => {
  it.each([
    [[1, 4, 3, 4], "packLatents: expected an even height and width, found [1, 4, 3, 4]. Use pictures whose"],
    [[1, 4, 4, 3], "packLatents: expected an even height and width, found [1, 4, 4, 3]."],
    [[4, 4], "packLatents: expected latents [N, C, H, W], found [4, 4]."],
    [[1, 4, 16], "packLatents: expected latents [N, C, H, W], found [1, 4, 16]. Are they packed already?"],
  ])("refuses %j", (shape, message) => {
    const error = expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => packLatents(Tensor.zeros(shape))).toThrow(error);
    if (shape.length === 2) expect(() => packLatents(Tensor.zeros(shape))).toThrow(/\[4, 4\]\.$/);
  });

  it.each<[number[], object, string]>([
    [
      [1, 3, 64],
      { height: 32, width: 48 },
      "expected 6 tokens for a picture of height 32 and width 48, found 3. Pass the height and width in pixels.",
    ],
    [[1, 0, 64], { height: 32, width: 48 }, "found 0. Pass the height"],
    [
      [1, 9, 64],
      { height: 32, width: 48, vaeScaleFactor: 4 },
      "found 9, as a picture of height 24 and width 24 would have.",
    ],
    [[1, 6, 66], { height: 32, width: 48 }, "expected a multiple of 4 features per token, found 66."],
    [[6, 64], { height: 32, width: 48 }, "unpackLatents: expected tokens [N, T, 4C], found [6, 64]."],
    [[1, 4, 4, 4], { height: 32, width: 48 }, "found [1, 4, 4, 4]. Are they unpacked already?"],
    [[1, 6, 64], { height: 32 }, "unpackLatents: expected a positive whole width, found undefined."],
    [[1, 6, 64], { width: 32 }, "unpackLatents: expected a positive whole height, found undefined."],
    [[1, 6, 64], { height: 32, width: 1.5 }, "width: expected a whole number of at least 1, found 1.5."],
    [
      [1, 6, 64],
      { height: 32, width: 48, vaeScaleFactor: 0 },
      "vaeScaleFactor: expected a whole number of at least 1",
    ],
  ])("refuses tokens %j of %j", (shape, options, message) => {
    expect(() => unpackLatents(Tensor.zeros(shape), options as never)).toThrow(message);
  });

  it("needs a size", () => {
    expect(() => unpackLatents(Tensor.zeros([1, 6, 64]), undefined as never)).toThrow(
      "unpackLatents: expected a positive whole height, found undefined.",
    );
  });

  it("unpacks the dtype that it was given, by samples", () => {
    const tokens = Tensor.from(
      Uint16Array.from({ length: 16 }, (_, i) => i),
      [2, 2, 4],
      "bfloat16",
    );
    const latents = unpackLatents(tokens, { height: 16, width: 32 });
    expect(latents).toMatchObject({ dtype: "bfloat16", shape: [2, 1, 2, 4] });
    expect([...latents.data]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
  });
});
