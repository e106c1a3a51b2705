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
