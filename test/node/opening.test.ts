/** What every way of opening a model in Node does alike: warnings, random weights, pictures from wherever they are. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { AutoencoderKL, encodePng, Generator, openVae, type NodeVae } from "../../src/node/index.ts";
import { nodePictures } from "../../src/node/pictures.ts";
import { saveTinyModel, temporaryFolder, tinyConfig } from "../cli/run-cli.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(at("model"));
  const config = await readFile(at("model", "config.json"), "utf8");
  await mkdir(at("odd"));
  await writeFile(at("odd", "config.json"), config.replace("{", '{"an_odd_key": 1,'));
  await writeFile(at("odd", weightsName), await readFile(at("model", weightsName)));
});
afterAll(() => folder.remove());

type Open = (options: { onWarning?: (text: string) => void; device: "cpu" }) => Promise<NodeVae>;
const ways: [string, Open][] = [
  ["openVae", (options) => openVae(at("odd"), options)],
  ["openVae of a half", (options) => openVae({ encoder: at("odd") }, options)],
  ["openVae of two halves", (options) => openVae({ encoder: at("odd"), decoder: at("model") }, options)],
  [
    "openVae of two halves, turned",
    (options) => openVae({ encoder: at("model"), decoder: at("odd") }, options),
  ],
  ["fromPretrained", (options) => AutoencoderKL.fromPretrained(at("odd"), options)],
];

describe.each(ways)("%s", (_, open) => {
  test("tells once what is odd about the config", async () => {
    const warnings: string[] = [];
    await using vae = await open({ device: "cpu", onWarning: (text) => warnings.push(text) });
    expect(vae.halves.length).toBeGreaterThan(0);
    expect(warnings).toEqual([expect.stringContaining("an_odd_key")]);
  });
});

test("warnings that nobody asked for go to the process", async () => {
  const emit = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  await using vae = await openVae(at("odd"), { device: "cpu" });
  expect(vae.className).toBe("AutoencoderKL");
  expect(emit.mock.calls).toEqual([[expect.stringContaining("an_odd_key"), "VaekitWarning"]]);
  emit.mockRestore();
});

describe("random weights", () => {
  const weightsOf = async (generator?: Generator): Promise<Float32Array> => {
    await using vae = AutoencoderKL.fromConfig(tinyConfig, { device: "cpu", generator });
    return (await vae.stateDict()).get("encoder.conv_in.weight")!.toFloat32().data;
  };

  test("are those of the generator, and else other ones each time", async () => {
    expect(await weightsOf(Generator.torch(5))).toEqual(await weightsOf(Generator.torch(5)));
    expect(await weightsOf(Generator.torch(5))).not.toEqual(await weightsOf(Generator.torch(6)));
    expect(await weightsOf()).not.toEqual(await weightsOf());
  });
});

test("the built-in model has a factor of 8 and 16 channels, and takes where to run", async () => {
  const warnings: string[] = [];
  await using vae = await AutoencoderKL.default({ device: "cpu", onWarning: (text) => warnings.push(text) });
  expect([vae.spatialFactor, vae.facts.latentChannels]).toEqual([8, 16]);
  expect(warnings).toEqual([]);
});

test("a file is not a folder, and says how it is opened", async () => {
  await expect(AutoencoderKL.fromPretrained(at("model", weightsName))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: `${at("model", weightsName)}: expected a model's folder, found a file. Open it with fromSingleFile.`,
  });
  await expect(AutoencoderKL.fromPretrained("")).rejects.toThrow(
    "fromPretrained: expected a folder or a hub id",
  );
  await expect(AutoencoderKL.fromSingleFile("")).rejects.toThrow("expected the path of a .safetensors file");
  await expect(AutoencoderKL.fromSingleFile(at("model", weightsName), { config: "" })).rejects.toThrow(
    "config: expected a path, found an empty one.",
  );
});

test("pictures are read from a path, bytes, a Blob and an ArrayBuffer alike, and written as PNG", async () => {
  const raster = { width: 2, height: 1, channels: 3, data: new Uint8Array([1, 2, 3, 250, 128, 0]) } as const;
  const png = await encodePng(raster);
  await writeFile(at("a.png"), png);
  const exact = png.buffer.slice(png.byteOffset, png.byteOffset + png.byteLength) as ArrayBuffer;
  for (const file of [at("a.png"), png, new Blob([exact]), exact]) {
    expect(await nodePictures.decode(file, "encodeImage")).toMatchObject(raster);
  }
  expect(await nodePictures.decode(await nodePictures.picture(raster).toPng(), "encodeImage")).toMatchObject(
    raster,
  );
});
