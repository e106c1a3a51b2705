/** Latents are drawn as a model makes them, and read as another's, or in another scale. */
import { describe, expect, test } from "vitest";
import { denormalizeLatents, type LatentScaling } from "../latents/index.ts";
import { publishedScalings } from "./published-scalings.ts";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { farLatents } from "./far-latents.ts";

const scalingOf = (name: string): LatentScaling =>
  publishedScalings.find((each) => each.name === name)!.scaling;
const flux = scalingOf("FLUX.1");
const normalized = Generator.torch(3).randn([1, 16, 8, 8]);
const rawOf = (scaling: LatentScaling): Tensor => denormalizeLatents(normalized, scaling);

describe("latents of this model", () => {
  test.each(publishedScalings)("are not odd in either scale: $name", ({ scaling }) => {
    const latents = Generator.torch(4).randn([2, scaling.latentChannels, 8, 8]);
    expect(farLatents({ found: latents, scale: "normalized", scaling })).toBeUndefined();
    const found = denormalizeLatents(latents, scaling);
    expect(farLatents({ found, scale: "raw", scaling })).toBeUndefined();
  });

  test("are told to be in the other scale", () => {
    const asNormalized = farLatents({ found: rawOf(flux), scale: "normalized", scaling: flux });
    expect(asNormalized?.odd).toMatch(/deviation 2\.\d\d instead of about 0 and 1$/);
    const asRaw = farLatents({ found: normalized, scale: "raw", scaling: flux });
    expect(asRaw?.odd).toMatch(/deviation 0\.3\d instead of about 0 and 1$/);
    expect([asNormalized?.likely, asRaw?.likely]).toEqual(["in the other scale", "in the other scale"]);
  });
});

/** Each channel has a number of its own, and its places differ from it by less. */
const plain = (std: number): Tensor => {
  const channels = Generator.torch(5).randn([1, 16, 1, 1]).data;
  return Tensor.from(
    Generator.torch(6)
      .randn([1, 16, 8, 8])
      .data.map((noise, index) => std * (channels[Math.floor(index / 64)]! + 0.5 * noise)),
    [1, 16, 8, 8],
  );
};

test.each([
  ["few", 0.1],
  ["many", 4],
])("a plain surface may have a deviation of %s", (_, std) => {
  expect(farLatents({ found: plain(std), scale: "normalized", scaling: flux })).toBeUndefined();
  const found = denormalizeLatents(plain(std), flux);
  expect(farLatents({ found, scale: "raw", scaling: flux })).toBeUndefined();
});

test("all the same number is a plain surface, and what is no number is for others to find", () => {
  for (const value of [0, 9, NaN, Infinity]) {
    const found = Tensor.from(new Float32Array(1024).fill(value), [1, 16, 8, 8]);
    expect(farLatents({ found, scale: "normalized", scaling: flux }), String(value)).toBeUndefined();
  }
});

test("latents of another model are named after it", () => {
  const sd3 = scalingOf("Stable Diffusion 3");
  const fluxAsSd3 = farLatents({ found: rawOf(flux), scale: "raw", scaling: sd3 });
  expect(fluxAsSd3?.likely).toEqual(expect.objectContaining({ model: "FLUX.1" }));
  expect(farLatents({ found: rawOf(sd3), scale: "raw", scaling: flux })?.likely).toBe("in the other scale");
});

test("numbers of no model are only odd", () => {
  const found = Tensor.from(
    normalized.data.map((value) => 1000 * value),
    normalized.shape,
  );
  const far = farLatents({ found, scale: "normalized", scaling: flux });
  expect(far?.odd).toContain("instead of about 0 and 1");
  expect(far?.likely).toBeUndefined();
});

test("nothing is said of few values, and of a model that scales nothing", () => {
  const times9 = (values: Tensor<"float32">): Tensor =>
    Tensor.from(
      values.data.map((value) => 9 * value),
      values.shape,
    );
  const few = times9(Generator.torch(1).randn([1, 16, 3, 5]));
  expect(farLatents({ found: few, scale: "normalized", scaling: flux })).toBeUndefined();
  const enough = times9(Generator.torch(1).randn([1, 16, 4, 4]));
  expect(farLatents({ found: enough, scale: "normalized", scaling: flux })).toBeDefined();
  const none = { kind: "none", latentChannels: 16 } as const;
  expect(farLatents({ found: enough, scale: "normalized", scaling: none })).toBeUndefined();
});

test("nothing is said of what the scaling cannot be applied to, which a decoder may take", () => {
  const flux2 = {
    kind: "patchMeanStd",
    latentChannels: 32,
    mean: Array<number>(128).fill(0),
    std: Array<number>(128).fill(9),
  } as const;
  const odd = Generator.torch(1).randn([1, 32, 5, 4]);
  expect(farLatents({ found: odd, scale: "raw", scaling: flux2 })).toBeUndefined();
  const even = Generator.torch(1).randn([1, 32, 4, 4]);
  expect(farLatents({ found: even, scale: "raw", scaling: flux2 })).toBeDefined();
  expect(farLatents({ found: even, scale: "raw", scaling: flux })).toBeUndefined();
});
