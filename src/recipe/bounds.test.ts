import { describe, expect, it } from "vitest";
import { applyOverrides, parseRecipe } from "./index.ts";

describe("a recipe that is no recipe any more", () => {
  const circle: Record<string, unknown> = { data: { path: "x" } };
  circle.loss = { reconstruction: circle };
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];

  it.each([
    ["contains itself", circle, "contains itself"],
    ["is nested without end", { data: deep }, "32 levels of nesting"],
    ["is a list without end", deep, "32 levels of nesting"],
    ["has a million values", { data: { path: Array<string>(1_000_000).fill("x") } }, "at most 10000 values"],
  ])("%s: it is refused in one line", (_, value, message) => {
    const parse = (): unknown => parseRecipe(value, "recipe");
    expect(parse).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
    expect(parse).toThrow(message);
    expect(() => applyOverrides(value, ["steps=1"])).toThrow(message);
  });

  it.each([
    [
      "data.resolution=1000000000",
      "data.resolution: expected a whole number above 0 to 16384, found 1000000000.",
    ],
    ["batch_size=1e9", "batch_size: expected a whole number above 0 to 65536"],
    ["data.workers=100000", "data.workers: expected a whole number above 0 to 256"],
    ["samples.count=1000000", "samples.count: expected a whole number above 0 to 1024"],
    ["steps=.inf", "steps: expected a whole number above 0, or null"],
    ["optimizer.learning_rate=.nan", "optimizer.learning_rate: expected a number above 0"],
    ["seed=1e400", "seed: expected a whole number of at least 0"],
  ])("%s is a slip, and said to be one", (override, message) => {
    const value = applyOverrides({ data: { path: "x" } }, [override]);
    expect(() => parseRecipe(value, "recipe")).toThrow(message);
  });

  it("reads whole numbers however they are written", () => {
    const value = applyOverrides({ data: { path: "x" } }, ["steps=2.0", "batch_size=1e1", "seed=-0"]);
    const { steps, batchSize, seed } = parseRecipe(value, "recipe");
    expect([steps, batchSize, String(seed)]).toEqual([2, 10, "0"]);
  });

  it("quotes no more of a value than a line", () => {
    const long = "x".repeat(300_000);
    expect(() => applyOverrides({}, [`a.b${long}`])).toThrow(/^.{0,300}$/);
    expect(() => parseRecipe({ data: { path: "x" }, [long]: 1 }, "recipe")).toThrow(/^.{0,700}$/s);
    expect(() => parseRecipe({ data: { path: "x", type: long } }, "recipe")).toThrow(/^.{0,300}$/);
  });
});
