/** Latents are drawn as a model makes them, and read as another's, or in another scale. */
import { describe, expect, test } from "vitest";
import { denormalizeLatents, type LatentScaling } from "../../latents/index.ts";
import { publishedScalings } from "./published-scalings.ts";
import { Generator } from "../../random/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { farLatentsWarning } from "./far-latents.ts";

const scalingOf = (name: string): LatentScaling =>
  publishedScalings.find((each) => each.name === name)!.scaling;
const flux = scalingOf("FLUX.1");
const normalized = Generator.torch(3).randn([1, 16, 8, 8]);
const rawOf = (scaling: LatentScaling): Tensor => denormalizeLatents(normalized, scaling);

describe("latents of this model", () => {
  test.each(publishedScalings)("are not odd in either scale: $name", ({ scaling }) => {
    const latents = Generator.torch(4).randn([2, scaling.latentChannels, 8, 8]);
    expect(farLatentsWarning({ found: latents, scale: "normalized", scaling })).toBeUndefined();
    const found = denormalizeLatents(latents, scaling);
    expect(farLatentsWarning({ found, scale: "raw", scaling })).toBeUndefined();
  });

  test("are told to be in the other scale", () => {
    expect(farLatentsWarning({ found: rawOf(flux), scale: "normalized", scaling: flux })).toMatch(
      /deviation 2\.\d\d instead of about 0 and 1\. They look as the VAE itself has them: pass `raw`\.$/,
    );
    expect(farLatentsWarning({ found: normalized, scale: "raw", scaling: flux })).toMatch(
      /deviation 0\.3\d instead of about 0 and 1\. They look normalised already: leave `raw` out\.$/,
    );
  });
});

test("latents of another model are named after it", () => {
  const sd3 = scalingOf("Stable Diffusion 3");
  expect(farLatentsWarning({ found: rawOf(flux), scale: "raw", scaling: sd3 })).toContain(
    "They look like those of another model, FLUX.1, as its VAE has them",
  );
  expect(farLatentsWarning({ found: rawOf(sd3), scale: "raw", scaling: flux })).toContain(
    "They look normalised already",
  );
});

test("numbers of no model are only odd", () => {
  const found = Tensor.from(
    normalized.data.map((value) => 1000 * value),
    normalized.shape,
  );
  expect(farLatentsWarning({ found, scale: "normalized", scaling: flux })).toMatch(
    /Are they of this model\?$/,
  );
});

test("nothing is said of few values, and of a model that scales nothing", () => {
  const few = Tensor.from(new Float32Array(64).fill(1000), [1, 16, 2, 2]);
  expect(farLatentsWarning({ found: few, scale: "normalized", scaling: flux })).toBeUndefined();
  const none = { kind: "none", latentChannels: 16 } as const;
  const found = Tensor.from(
    normalized.data.map((value) => 9 * value),
    normalized.shape,
  );
  expect(farLatentsWarning({ found, scale: "normalized", scaling: none })).toBeUndefined();
});
