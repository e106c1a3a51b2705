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
