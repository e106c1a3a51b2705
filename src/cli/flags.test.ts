import { expect, test } from "vitest";
import { withFlags } from "./flags.ts";
import { createProgram } from "./program.ts";

test.each([
  [
    'a: only the scaling tells them apart. Pass `config`, or `as: "sd1"` or `as: "sdxl"`.',
    "a: only the scaling tells them apart. Pass --config, or --as sd1 or --as sdxl.",
  ],
  ["maxMemoryBytes: expected at least 90 MB.", "--memory: expected at least 90 MB."],
  ["temporaryFolder: expected 9 MB free.", "--temp-dir: expected 9 MB free."],
  [
    "Bring them back, or go on by `allowChangedData: true`.",
    "Bring them back, or go on by --allow-changed-data.",
  ],
  ["seed: found -1. (set by `overrides`)", "seed: found -1. (set by --set)"],
  ["`overrides: steps`: found no =.", "--set steps: found no =."],
  [
    "vae: encode needs the encoder; this model is its decoder alone. Open both halves: openVae({ encoder: …, decoder: … }).",
    "vae: encode needs the encoder; this model is its decoder alone. Name a model with both halves: --model.",
  ],
  [
    "vae: the scaling of latents needs bn.running_mean and bn.running_var, which are not with this decoder. Open it together with the encoder that has them: openVae({ encoder: …, decoder: … }). Latents of the model's own scale need none.",
    "vae: the scaling of latents needs bn.running_mean and bn.running_var, which are not with this decoder. Name the whole model: --model. Latents of the model's own scale need none.",
  ],
  ["Scale it down, or raise `maxPixels`", "Scale it down, or raise --max-pixels"],
])("says flags for the options of %s", (message, expected) => {
  expect(withFlags(message)).toBe(expected);
});

test.each([
  "photo.png: expected a picture.",
  "as it is, the config of `runtime` stays: npm install `onnxruntime-node`.",
  "`constructor`: `toString: 1`",
  "mask: config: as",
])("leaves %s as it is", (message) => {
  expect(withFlags(message)).toBe(message);
});

test.each([
  ["allowChangedData", "--allow-changed-data"],
  ["as", "--as"],
  ["cacheDir", "--cache-dir"],
  ["config", "--config"],
  ["device", "--device"],
  ["localFilesOnly", "--offline"],
  ["maxMemoryBytes", "--memory"],
  ["maxPixels", "--max-pixels"],
  ["model", "--model"],
  ["overrides", "--set"],
  ["packed", "--packed"],
  ["raw", "--raw"],
  ["resume", "--resume"],
  ["revision", "--revision"],
  ["size", "--size"],
  ["strict", "--strict"],
  ["subfolder", "--subfolder"],
  ["temporaryFolder", "--temp-dir"],
  ["threadCount", "--threads"],
  ["tensor", "--tensor"],
  ["tiling", "--tiling"],
  ["variant", "--variant"],
])("the option %s is %s, which a command has", async (option, flag) => {
  expect(withFlags(`Pass \`${option}\`.`)).toBe(`Pass ${flag}.`);
  const { commands } = await createProgram(["encode", "decode", "train"]);
  expect(commands.flatMap(({ options }) => options.map(({ long }) => long))).toContain(flag);
});
