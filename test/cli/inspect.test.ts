/** `vaekit inspect`: what it prints of a model for people. */
import { cp, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readSafetensorsFile, Tensor, writeSafetensorsFile } from "../../src/node/index.ts";
import { tableCells } from "./table-cells.ts";
import { workFolder } from "./run-cli.ts";

const { at, run, succeed, json, openModel } = workFolder();
const weights = "diffusion_pytorch_model.safetensors";

test("prints the model's name, its config, and a line for each parameter", async () => {
  const text = await succeed("inspect", "../model");
  const config = await readFile(at("../model/config.json"), "utf8");
  expect(text.startsWith(`../model\n\nconfig.json\n${config.trimEnd()}\n`)).toBe(true);
  await using vae = await openModel();
  const table = text.slice(text.indexOf("\nparameter ") + 1).split("\n\n")[0]!;
  const [title, ...rows] = tableCells(table, ["left", "left", "left", "right", "right"]);
  expect(title).toEqual(["parameter", "shape", "dtype", "count", "bytes"]);
  // All are float32, of 4 bytes.
  expect(rows).toEqual(
    vae.parameterTable().map(({ name, shape, dtype }) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [
        name,
        `[${shape.join(", ")}]`,
        dtype,
        count.toLocaleString("en-US"),
        (4 * count).toLocaleString("en-US"),
      ];
    }),
  );
  const sum = vae.parameterCount;
  expect(text).toContain(
    `\n\n${rows.length} tensors, ${sum.toLocaleString("en-US")} parameters, ${((4 * sum) / 1000).toFixed(1)} kB, float32; one latent covers 8x8 pixels.\n`,
  );
  expect(text).toMatch(
    /\nLatents are scaled by scaling_factor 0\.18215[^\n]*\nMissing: none\. Unexpected: none\.\n$/,
  );
});

test("names what is in the file and not in the model, and every dtype", async () => {
  await cp(at("../model"), at("odd"), { recursive: true });
  const { tensors } = await readSafetensorsFile(at(`odd/${weights}`));
  const { shape, size } = tensors.get("encoder.conv_in.bias")!;
  tensors.set("encoder.conv_in.bias", Tensor.from(new Uint16Array(size), shape, "float16"));
  for (const name of ["more", "surplus"]) tensors.set(name, Tensor.zeros([1]));
  await writeSafetensorsFile(at(`odd/${weights}`), tensors);
  const { stdout, stderr } = await run("inspect", "odd");
  expect(stdout).toMatch(/ kB, float32, float16; one latent/);
  expect(stdout).toMatch(/\nMissing: none\. Unexpected: more, surplus\.\n$/);
  expect(stderr).toMatch(/^vaekit: warning: odd: ignored 2 tensors .*: more, surplus\.\n$/);
  const { parameters } = JSON.parse((await run("inspect", "odd", "--json")).stdout) as {
    parameters: unknown[];
  };
  expect(parameters).toContainEqual({
    name: "encoder.conv_in.bias",
    shape,
    dtype: "float16",
    count: size,
    byteLength: 2 * size,
  });
});

test("says how pixels are distributed, where a file beside the weights says it", async () => {
  await cp(at("../model"), at("likely"), { recursive: true });
  const pixels = {
    distribution: "normal",
    scale: "per_channel",
    initial_scale: 0.2,
    min_scale: 0.1,
    levels: 256,
  };
  await writeSafetensorsFile(
    at("likely/likelihood.safetensors"),
    new Map([["likelihood.scale", Tensor.zeros([3])]]),
    { pixels: JSON.stringify(pixels) },
  );
  const { stdout } = await run("inspect", "likely");
  expect(stdout).toContain("\np(x|z) is normal, with a learned scale for each channel.\nMissing: none.");
  expect(await json("inspect", "likely")).toMatchObject({
    pixels: { distribution: "normal", scale: "per_channel", minScale: 0.1 },
  });
});

test("programs get all of it", async () => {
  const { config, ...rest } = await json("inspect", "../model");
  expect(config).toEqual(JSON.parse(await readFile(at("../model/config.json"), "utf8")));
  await using vae = await openModel();
  expect(rest).toMatchObject({
    model: "../model",
    scaling: vae.scaling,
    pixels: null,
    spatialFactor: 8,
    parameterCount: vae.parameterCount,
    missing: [],
    unexpected: [],
  });
});
