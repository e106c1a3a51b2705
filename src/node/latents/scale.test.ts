import { describe, expect, test } from "vitest";
import { assumption, holdsOnePicture, latentsAmong, scaleOf } from "./scale.ts";

const marker = "latent_format_version_0";

describe("the latents among a file's tensors", () => {
  test.each<[string[], string | undefined]>([
    [["latents"], "latents"],
    [["a", "latents", "b"], "latents"],
    [["latents", "latent_tensor"], "latents"],
    [["latents", "latent_tensor", marker], "latent_tensor"],
    [["latent_tensor", "other"], "latent_tensor"],
    [["x"], "x"],
    [["x", marker], "x"],
    [["x", "y"], undefined],
    [[marker], undefined],
    [[], undefined],
    [["x", "latents_64x32_bf16"], "latents_64x32_bf16"],
    [["latents_1x64x32_bf16", "y"], "latents_1x64x32_bf16"],
    [["latents_1x64x32_bf16", "latents_1x32x32_bf16"], undefined],
    [["latents_control_1x64x32_bf16", "latents_1x64x32_bf16"], "latents_1x64x32_bf16"],
  ])("of %j are %s", (names, expected) => {
    expect(latentsAmong(names)).toBe(expected);
  });
});

test("one picture without a batch is in the tensors of musubi-tuner alone", () => {
  expect(["latents_1x64x64_bf16", "latents_64x64_f32"].map(holdsOnePicture)).toEqual([true, true]);
  const others = [
    "latents",
    "latents_64_f32",
    "latents_1x1x64x64_f32",
    "xlatents_64x64_f32",
    "latents_64x64_",
  ];
  expect(others.map(holdsOnePicture)).toEqual(others.map(() => false));
});

describe("the scale of a tensor", () => {
  test.each<[object, string, boolean, object]>([
    [{ vaekit_version: "1" }, "latents", true, { scale: "raw", decidedBy: "raw" }],
    [{ vaekit_version: "1" }, "latents", false, { scale: "normalized", decidedBy: "file" }],
    [{ vaekit_version: "1" }, "mean", false, { scale: "raw", decidedBy: "file" }],
    [{}, "mean", false, { scale: "normalized", decidedBy: "assumed" }],
    [{}, "latents", false, { scale: "normalized", decidedBy: "assumed" }],
    [{ scaling_factor: "0.5" }, "latents", false, { scale: "normalized", decidedBy: "file" }],
    [{}, "latent_tensor", false, { scale: "normalized", decidedBy: "assumed", fixedFactor: 0.18215 }],
    [{ architecture: "flux_kontext" }, "latents_8x8_f32", false, { scale: "normalized", decidedBy: "file" }],
    [{ architecture: "z_image" }, "latents_8x8_f32", false, { scale: "raw", decidedBy: "file" }],
    [{ architecture: "z_image" }, "latents", false, { scale: "normalized", decidedBy: "assumed" }],
    [{ architecture: "wan" }, "latents_8x8_f32", false, { scale: "normalized", decidedBy: "assumed" }],
    [{ architecture: "toString" }, "latents_8x8_f32", false, { scale: "normalized", decidedBy: "assumed" }],
  ])("with the metadata %j of %s, raw being %s", (metadata, name, isRaw, expected) => {
    expect(scaleOf({ names: [name], metadata: { ...metadata } }, name, isRaw)).toEqual(expected);
  });

  test("beside ComfyUI's marker is the VAE's own", () => {
    const file = { names: ["latent_tensor", marker], metadata: {} };
    expect(scaleOf(file, "latent_tensor", false)).toEqual({ scale: "raw", decidedBy: "file" });
  });
});

test("what was assumed is told with the way to say otherwise", () => {
  expect(assumption("z", "latents", { scale: "normalized", decidedBy: "assumed" })).toBe(
    "z: the file does not say the scale of latents; assumed normalized latents, as a diffusion model makes them. Pass `raw` for the VAE's own scale.",
  );
  expect(
    assumption("z", "a b", { scale: "normalized", decidedBy: "assumed", fixedFactor: 0.18215 }),
  ).toContain('the scale of "a b"; assumed those of ComfyUI before its files had a marker, times 0.18215.');
});
