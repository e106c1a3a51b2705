import { expect, test } from "vitest";
import { autoencoderTinyNames } from "./names.ts";

const renamed = (...names: string[]): string[] => names.map(autoencoderTinyNames.ofFile(names));

test("bare numbers with a layer 0 are an encoder's, which counts as diffusers does", () => {
  expect(renamed("0.weight", "1.conv.0.bias", "11.pool.3.weight")).toEqual([
    "encoder.layers.0.weight",
    "encoder.layers.1.conv.0.bias",
    "encoder.layers.11.pool.3.weight",
  ]);
});

test("bare numbers without one are a decoder's, which begins with the limit of its latents", () => {
  expect(renamed("1.weight", "3.conv.4.weight", "19.bias")).toEqual([
    "decoder.layers.0.weight",
    "decoder.layers.2.conv.4.weight",
    "decoder.layers.18.bias",
  ]);
});

test("both halves in one file have prefixes, of whatever model of the family", () => {
  expect(
    renamed("taesd_encoder.0.weight", "taesdxl_decoder.1.weight", "encoder.2.weight", "decoder.7.weight"),
  ).toEqual([
    "encoder.layers.0.weight",
    "decoder.layers.0.weight",
    "encoder.layers.2.weight",
    "decoder.layers.6.weight",
  ]);
});

test("diffusers' names, and what is no layer of the family, stay as they are", () => {
  const names = [
    "encoder.layers.0.weight",
    "vae_scale",
    "encoder.conv_in.weight",
    "fc1.weight",
    "0.gamma",
    "3.conv.0.weight.scale",
  ];
  expect(renamed(...names)).toEqual(names);
  expect(autoencoderTinyNames.updated("0.weight")).toBe("0.weight");
});
