import { expect, test } from "vitest";
import { parseSize } from "./options.ts";
import { targetSize, type SizeRule } from "./pictures.ts";

const size = (width: number, height: number, rule: string, factor = 8): string => {
  const target = targetSize({ width, height }, parseSize(rule), factor, "photo.jpg");
  return `${target.width}x${target.height}`;
};

test("a number sets the short side, keeps the proportions and is cut down to the factor", () => {
  expect(size(4000, 3000, "512")).toBe("680x512");
  expect(size(3000, 4000, "512")).toBe("512x680");
  expect(size(100, 100, "70", 16)).toBe("64x64");
});

test("WxH is taken as it is, original as the picture is, both cut down to the factor", () => {
  expect(size(4000, 3000, "770x512")).toBe("768x512");
  expect(size(333, 99, "original")).toBe("328x96");
});

test("a picture smaller than one latent is enlarged to the size that is asked for", () => {
  expect(size(5, 5, "64x64")).toBe("64x64");
  expect(size(1, 1, "64")).toBe("64x64");
  expect(size(1, 10, "16")).toBe("16x160");
});

test("a picture smaller than one latent is refused where nobody asks for a size", () => {
  const message =
    "photo.jpg: expected a picture of at least 8x8 pixels, the least that this model takes, found 7x300. Use a larger picture";
  const refused = (rule: SizeRule): void => {
    expect(() => targetSize({ width: 7, height: 300 }, rule, 8, "photo.jpg")).toThrow(message);
  };
  refused({ kind: "original" });
  refused({ kind: "short-side", pixels: 512, isDefault: true });
});

test("a size that would take all memory is refused", () => {
  expect(() => size(100_000, 10, "512")).toThrow(/would become 5120000x512 pixels/);
  expect(() => size(10, 10, "100000x1001")).toThrow(/would become 100000x1001 pixels/);
});

test.each(["0", "-1", "1.5", "512x", "0x8", "big", ""])("%j is no size", (text) => {
  expect(() => parseSize(text)).toThrow(/Expected/);
});
