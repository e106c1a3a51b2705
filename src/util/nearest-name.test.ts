import { describe, expect, it } from "vitest";
import { adviceForName, joinNames, nearestName } from "./nearest-name.ts";

const keys = ["sample_size", "scaling_factor", "norm_num_groups"];

describe("nearestName", () => {
  it.each([
    ["sample_sice", "sample_size"],
    ["SampleSize", "sample_size"],
    ["scaling factor", "scaling_factor"],
    ["norm_groups", "norm_num_groups"],
  ])("knows what %s was meant to be", (wrong, meant) => {
    expect(nearestName(wrong, keys)).toBe(meant);
  });

  it.each(["", "x", "colour", "a".repeat(1e6)])("does not guess at a name that is far from all", (wrong) => {
    expect(nearestName(wrong, keys)).toBeUndefined();
  });
});

describe("how near a name must be", () => {
  it("is one letter for short ones, and a third of its letters for long ones", () => {
    expect(nearestName("ab", ["ax"])).toBe("ax");
    expect(nearestName("ab", ["xy"])).toBeUndefined();
    expect(nearestName("abcdef", ["abcdxy"])).toBe("abcdxy");
    expect(nearestName("abcdef", ["abcxyz"])).toBeUndefined();
  });

  it("counts letters that are missing, that are too many and that are others", () => {
    expect(nearestName("abcdefgh", ["abcdefg"])).toBe("abcdefg");
    expect(nearestName("abcdefg", ["abcdefgh"])).toBe("abcdefgh");
    expect(nearestName("bacdefg", ["abcdefg"])).toBe("abcdefg");
  });

  it("leaves the nearest, and of equals the first", () => {
    expect(nearestName("tilings", ["tilting", "tiling", "filings"])).toBe("tiling");
    expect(nearestName("abd", ["abc", "abe"])).toBe("abc");
  });

  it("ignores case, blanks, dashes and underscores, and no other sign", () => {
    expect(nearestName("Thread-Count_X", ["thread countx"])).toBe("thread countx");
    expect(nearestName("t.h.r.e.a.d", ["thread"])).toBeUndefined();
  });

  it("is asked of 64 letters at most", () => {
    expect(nearestName("a".repeat(64), ["a".repeat(64)])).toBe("a".repeat(64));
    expect(nearestName("a".repeat(65), ["a".repeat(65)])).toBeUndefined();
    expect(nearestName("a", [])).toBeUndefined();
  });
});

describe("adviceForName", () => {
  it("names the nearest, or else all", () => {
    expect(adviceForName("scaling_facto", keys, "keys")).toBe("did you mean scaling_factor?");
    expect(adviceForName("x", keys, "keys")).toBe(
      "the keys are sample_size, scaling_factor and norm_num_groups.",
    );
  });
});

describe("joinNames", () => {
  it("joins none, one and several", () => {
    expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map((names) => joinNames(names))).toEqual([
      "",
      "a",
      "a or b",
      "a, b or c",
    ]);
  });
});
