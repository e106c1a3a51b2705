/** Files that a user chose or dropped: a folder's, config.json and weights, or weights alone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openVae as openOnDisk, readSafetensorsFile } from "../../src/node/index.ts";
import { encodeSafetensors } from "../../src/weights/index.ts";
import { AutoencoderKL, openVae, type OpenVaeOptions } from "../../src/web/index.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
const indexName = `${weightsName}.index.json`;
let config: Uint8Array<ArrayBuffer>;
let weights: Uint8Array<ArrayBuffer>;
let shards: Record<string, BlobPart>;
let halves: Record<"encoder" | "decoder", Blob>;
let expectedCount: number;

beforeAll(async () => {
  const folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  config = new Uint8Array(await readFile(join(folder.path, "config.json")));
  weights = new Uint8Array(await readFile(join(folder.path, weightsName)));
  const { tensors } = await readSafetensorsFile(join(folder.path, weightsName));
  await using saved = await openOnDisk(folder.path, { device: "cpu" });
  expectedCount = saved.parameterCount;
  await folder.remove();
  const part = (isIn: (name: string) => boolean): Blob =>
    new Blob(encodeSafetensors([...tensors].filter(([name]) => isIn(name))) as Uint8Array<ArrayBuffer>[]);
  const isEncoder = (name: string): boolean => /^(encoder|quant_conv)\./.test(name);
  halves = { encoder: part(isEncoder), decoder: part((name) => !isEncoder(name)) };
  const owners = [...tensors.keys()].map((name) => [
    name,
    isEncoder(name) ? "a.safetensors" : "b.safetensors",
  ]);
  shards = {
    "config.json": config,
    [indexName]: JSON.stringify({ weight_map: Object.fromEntries(owners) as unknown }),
    "a.safetensors": halves.encoder,
    "b.safetensors": halves.decoder,
  };
});

/** As `<input type="file" webkitdirectory>` gives them, where there is a folder. */
function chosen(files: Record<string, BlobPart>, folder?: string): File[] {
  return Object.entries(files).map(([path, content]) => {
    const file = new File([content], path.split("/").at(-1)!);
    if (folder === undefined) return file;
    return Object.defineProperty(file, "webkitRelativePath", { value: `${folder}/${path}` });
  });
}

async function nameOf(files: readonly File[], options: OpenVaeOptions = {}): Promise<string> {
  await using vae = await openVae(files, options);
  expect(vae.parameterCount).toBe(expectedCount);
  return vae.name;
}

describe("a model opens", () => {
  test("from its folder, whatever else is in it", async () => {
    const files = { "config.json": config, [weightsName]: weights, "README.md": "x", ".DS_Store": "x" };
    expect(await nameOf(chosen(files, "sd-vae"))).toBe("sd-vae");
  });

  test("from the folder of a pipeline, or one that is named", async () => {
    const files = { "model_index.json": "{}", "vae/config.json": config, [`vae/${weightsName}`]: weights };
    expect(await nameOf(chosen(files, "sd"))).toBe("sd");
    const deeper = { "models/kl/config.json": config, [`models/kl/${weightsName}`]: weights };
    expect(await nameOf(chosen(deeper, "all"), { subfolder: "models/kl/" })).toBe("all");
  });

  test("from config.json and weights side by side, whatever the weights are called", async () => {
    expect(await nameOf(chosen({ "config.json": config, [weightsName]: weights }))).toBe("the chosen files");
    expect(await nameOf(chosen({ "config.json": config, "my-vae.safetensors": weights }))).toBe(
      "my-vae.safetensors",
    );
  });

  test("from weights alone, with what is said of their config", async () => {
    for (const source of [chosen({ "my.safetensors": weights }), chosen({ "my.safetensors": weights })[0]!]) {
      await using vae = await openVae(source, {
        config: JSON.parse(new TextDecoder().decode(config)) as object,
      });
      expect(vae.name).toBe("my.safetensors");
      await using other = await openVae(source, { config: new Blob([config]) });
      expect(other.config).toEqual(vae.config);
    }
    const { norm_num_groups } = JSON.parse(new TextDecoder().decode(config)) as { norm_num_groups: number };
    await using family = await openVae(new Blob([weights]), { as: "sdxl", config: { norm_num_groups } });
    expect(family.scaling).toMatchObject({ scalingFactor: 0.13025 });
  });

  test("from shards, and from a variant", async () => {
    expect(await nameOf(chosen(shards, "m"))).toBe("m");
    const fp16 = { "config.json": config, "diffusion_pytorch_model.fp16.safetensors": weights };
    expect(await nameOf(chosen(fp16, "m"), { variant: "fp16" })).toBe("m");
  });

  test("from two halves, or one", async () => {
    const options = { config: new Blob([config]) };
    await using pair = await openVae({ encoder: halves.encoder, decoder: halves.decoder }, options);
    expect(pair.parameterCount).toBe(expectedCount);
    await using half = await openVae({ decoder: halves.decoder }, options);
    expect(half.parameterCount).toBeLessThan(pair.parameterCount);
  });

  test("of one class from a folder or from a single file", async () => {
    await using folder = await AutoencoderKL.fromPretrained(
      chosen({ "config.json": config, [weightsName]: weights }),
    );
    await using file = await AutoencoderKL.fromSingleFile(new Blob([weights]), {
      config: new Blob([config]),
    });
    expect(file.config).toEqual(folder.config);
    await expect(AutoencoderKL.fromPretrained(new Blob([weights]))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message:
        "fromPretrained: a Blob: expected a model's folder, found a single file. Open it with fromSingleFile.",
    });
    await expect(AutoencoderKL.fromSingleFile("org/name")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(
        "found org/name. Open a folder or a hub id with fromPretrained",
      ) as string,
    });
  });
});

describe("what is no model says what to choose:", () => {
  const pickle = Uint8Array.from([0x80, 2, 0x7d, 0x71, 0]);
  test.each<[string, () => File[] | Blob, string, RegExp]>([
    [
      "nothing",
      () => [],
      "NOT_FOUND",
      /^openVae: expected the files of a model, found none\. Choose its folder/,
    ],
    [
      "a config alone",
      () => chosen({ "config.json": config }),
      "NOT_FOUND",
      /found config\.json\. Choose the model's folder, or config\.json and the weights together/,
    ],
    [
      "an index without its shards",
      () => chosen({ "config.json": config, [indexName]: shards[indexName]! }, "m"),
      "NOT_FOUND",
      /m\/a\.safetensors: not there, but m\/.*index\.json names it/,
    ],
    [
      "several weights",
      () => chosen({ "a.safetensors": weights, "b.safetensors": weights }),
      "NOT_FOUND",
      /found a\.safetensors, b\.safetensors\./,
    ],
    [
      "a folder with the model deeper in it",
      () =>
        chosen({ "x/y/config.json": config, [`x/y/${weightsName}`]: weights, "z.safetensors": weights }, "m"),
      "NOT_FOUND",
      /pass its path as `subfolder`: "x\/y"/,
    ],
    [
      "another variant",
      () => chosen({ "config.json": config, "diffusion_pytorch_model.fp16.safetensors": weights }),
      "NOT_FOUND",
      /found "fp16"; pass one of these as `variant`/,
    ],
    [
      "a page for the config",
      () => chosen({ "config.json": "<!doctype html>", [weightsName]: weights }),
      "INVALID_FILE",
      /^config\.json: expected JSON, found an HTML page/,
    ],
    [
      "a pickle in a folder",
      () => chosen({ "config.json": config, "diffusion_pytorch_model.bin": pickle }, "m"),
      "UNSUPPORTED",
      /^m: expected safetensors weights, found only a pickle.* To convert it/,
    ],
    [
      "a pickle",
      () => chosen({ "v1.ckpt": pickle }),
      "UNSUPPORTED",
      /^v1\.ckpt: expected safetensors weights, found only a pickle/,
    ],
    [
      "weights that are cut off",
      () => new Blob([weights.subarray(0, 3000)]),
      "INVALID_FILE",
      /^a Blob: .*cut off/,
    ],
    [
      "a picture",
      () => new Blob([Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10])]),
      "INVALID_FILE",
      /^a Blob: .*found a PNG picture/,
    ],
  ])("%s", async (_, files, code, message) => {
    await expect(openVae(files())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test("options of other places", async () => {
    await expect(openVae(new Blob([weights]), { subfolder: "vae" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message:
        "openVae: subfolder: it is for folders and models of the hub, found single files. Leave it out.",
    });
  });
});
