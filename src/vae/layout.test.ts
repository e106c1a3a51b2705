import { describe, expect, test } from "vitest";
import type { ModelFacts } from "../models/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { latentsAsPlanes, optionsForLayout } from "./layout.ts";

const facts = (layout: ModelFacts["layout"]): ModelFacts => ({
  inChannels: 3,
  outChannels: 3,
  latentChannels: 2,
  spatialFactor: 1,
  sizes: "down",
  layout,
  pixelRange: "unit",
  tiles: undefined,
});

describe("latents of rows", () => {
  test("are pictures of one pixel; those of planes stay as they are", () => {
    const rows = Tensor.from(Float32Array.of(1, 2, 3, 4), [2, 2]);
    expect(latentsAsPlanes(rows, facts("rows"))).toMatchObject({ shape: [2, 2, 1, 1] });
    expect(latentsAsPlanes(rows, facts("rows")).data).toBe(rows.data);
    const planes = Tensor.zeros([1, 9, 2, 2]);
    expect(latentsAsPlanes(planes, facts("planes"))).toBe(planes);
  });

  test.each([[[2]], [[2, 3]], [[2, 2, 1, 1]]])("refuse %j", (shape) => {
    expect(() => latentsAsPlanes(Tensor.zeros(shape), facts("rows"))).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: `latents: expected [N, 2], found [${shape.join(", ")}].`,
      }),
    );
    expect(() => latentsAsPlanes(3 as never, facts("rows"))).toThrow("latents: expected a vaekit Tensor");
  });
});

describe("the options of rows", () => {
  const signal = new AbortController().signal;

  test("keep all but the tiling, which is none", () => {
    for (const options of [{ signal }, { signal, tiling: "auto" }, { signal, tiling: "off" }] as const) {
      expect(optionsForLayout(options, facts("rows"), "Rows")).toEqual({ signal, tiling: "off" });
    }
    const options = { tiling: "exact", signal } as const;
    expect(optionsForLayout(options, facts("planes"), "Planes")).toBe(options);
  });

  test.each(["exact", "diffusers"] as const)("refuse %s", (tiling) => {
    expect(() => optionsForLayout({ tiling }, facts("rows"), "Rows")).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: `tiling: expected "auto" or "off" for Rows, whose pictures have no sides to cut, found "${tiling}".`,
      }),
    );
  });
});
