/** A pipeline's folder on disk and on the hub: the VAE is found by one rule, and said where it could be another. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL } from "../src/node/index.ts";
import { saveTinyModel, temporaryFolder } from "./cli/run-cli.ts";
import { startHubServer, type HubServer } from "./hub-server.ts";

const unet = JSON.stringify({ _class_name: "UNet2DConditionModel", _diffusers_version: "0.40.0" });

/** Root config.json → what is said when vae/ is taken. */
const roots: [name: string, config: string | undefined, warning: RegExp | undefined][] = [
  ["no config.json", undefined, undefined],
  ["a UNet's config.json", unet, /took the model in its folder vae; .* that of "UNet2DConditionModel"/],
  ["an empty config.json", "{}", /took the model in its folder vae; .* no autoencoder's/],
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubServer;

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
  const file = (name: string): Promise<Buffer> => readFile(join(folder.path, "model", name));
  const model = {
    "vae/config.json": await file("config.json"),
    "vae/diffusion_pytorch_model.safetensors": await file("diffusion_pytorch_model.safetensors"),
  };
  const pipeline = { "model_index.json": Buffer.from('{"vae": ["diffusers", "AutoencoderKL"]}') };
  hub = await startHubServer({
    ...Object.fromEntries(
      roots.map(([, config], i) => [
        `org/root${i}`,
        { ...pipeline, ...model, ...(config === undefined ? {} : { "config.json": Buffer.from(config) }) },
      ]),
    ),
    "org/unet": {
      "config.json": Buffer.from(unet),
      "diffusion_pytorch_model.safetensors": Buffer.alloc(1000),
    },
  });
});
afterAll(async () => {
  await hub.close();
  await folder.remove();
});

/** Opens a model, and gives what was said. */
async function open(
  name: string,
  options: Parameters<typeof AutoencoderKL.fromPretrained>[1] = {},
): Promise<{ latentChannels: number; warnings: string }> {
  const warnings: string[] = [];
  await using vae = await AutoencoderKL.fromPretrained(name, {
    device: "cpu",
    onWarning: (message) => warnings.push(message),
    ...options,
  });
  return { latentChannels: vae.config.latentChannels, warnings: warnings.join("\n") };
}

const onHub = (): { endpoint: string; cacheDir: string } => ({
  endpoint: hub.endpoint,
  cacheDir: join(folder.path, "cache"),
});

describe("a pipeline's folder", () => {
  test.each(roots)("with %s gives its vae, on disk and on the hub", async (_, config, warning) => {
    const pipeline = join(folder.path, "pipeline");
    await mkdir(pipeline, { recursive: true });
    await cp(join(folder.path, "model"), join(pipeline, "vae"), { recursive: true });
    await writeFile(join(pipeline, "model_index.json"), "{}");
    if (config !== undefined) await writeFile(join(pipeline, "config.json"), config);
    const local = await open(pipeline);
    const remote = await open(`org/root${roots.findIndex((root) => root[1] === config)}`, onHub());
    for (const { latentChannels, warnings } of [local, remote]) {
      expect(latentChannels).toBe(4);
      if (warning === undefined) expect(warnings).toBe("");
      else expect(warnings).toMatch(warning);
    }
    await rm(pipeline, { recursive: true });
  });

  test("is found again in the cache, by name of the subfolder, and offline", async () => {
    const options = { ...onHub(), localFilesOnly: true };
    expect((await open("org/root1", options)).latentChannels).toBe(4);
    const named = await open("org/root1", { ...options, subfolder: "vae" });
    expect(named).toEqual({ latentChannels: 4, warnings: "" });
  });

  test("that is a model itself is taken, and says how to get the other", async () => {
    const both = join(folder.path, "both");
    await cp(join(folder.path, "model"), both, { recursive: true });
    await cp(join(folder.path, "model"), join(both, "vae"), { recursive: true });
    expect((await open(both)).warnings).toMatch(/another one in its folder vae\. .*`subfolder: "vae"`/);
    expect((await open(both, { subfolder: "vae" })).warnings).toBe("");
  });

  test("of another model alone says whose it is, and downloads no weights", async () => {
    const other = join(folder.path, "other");
    await mkdir(other);
    await writeFile(join(other, "config.json"), unet);
    const message =
      /config\.json: expected the config of one of the classes that vaekit reads, .+ or .+, found that of "UNet2DConditionModel"/;
    await expect(open(other)).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringMatching(message) as string,
    });
    await expect(open("org/unet", onHub())).rejects.toThrow(message);
    const blobs = await readdir(join(folder.path, "cache", "models--org--unet", "blobs"));
    expect(blobs).toHaveLength(1);
  });
});

describe("options of another way of opening", () => {
  test("are errors that say where they belong", async () => {
    const path = join(folder.path, "model");
    for (const [options, message] of [
      [{ as: "sd1" }, "fromPretrained: as: it is for single files"],
      [{ config: {} }, "fromPretrained: config: it is for single files"],
      [{ revision: "main" }, "fromPretrained: revision: "],
      [{ subfoldr: "vae" }, "subfolder"],
    ] as const) {
      await expect(open(path, options as object)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(message) as string,
      });
    }
    const file = join(path, "diffusion_pytorch_model.safetensors");
    await expect(
      AutoencoderKL.fromSingleFile(file, { as: "sd1", variant: "fp16" } as object),
    ).rejects.toThrow("fromSingleFile: variant: it is for folders and the hub");
    expect(() => AutoencoderKL.fromConfig({}, { seed: 1 } as object)).toThrow(
      "fromConfig: unknown option seed",
    );
    await expect(AutoencoderKL.default({ as: "sd1" } as object)).rejects.toThrow(/default.*as/);
  });
});

describe("a config beside a single file", () => {
  test("is an object or the path of a file, whole or a few keys, in diffusers' names or ours", async () => {
    const file = join(folder.path, "model", "diffusion_pytorch_model.safetensors");
    const path = join(folder.path, "few.json");
    await writeFile(path, '{"norm_num_groups": 4, "scaling_factor": 0.5}');
    const whole = join(folder.path, "model", "config.json");
    for (const config of [path, whole, { normNumGroups: 4 }, { norm_num_groups: 4 }]) {
      const warnings: string[] = [];
      const onWarning = (message: string): number => warnings.push(message);
      await using vae = await AutoencoderKL.fromSingleFile(file, {
        config,
        as: "sdxl",
        device: "cpu",
        onWarning,
      });
      expect(vae.config).toMatchObject({ normNumGroups: 4, blockOutChannels: [4, 4, 4, 8] });
      expect(vae.config.scalingFactor).toBe(config === path ? 0.5 : config === whole ? 0.18215 : 0.13025);
      expect(warnings).toEqual([]);
    }
    await writeFile(path, '{"norm_groups": 4}');
    await expect(AutoencoderKL.fromSingleFile(file, { config: path })).rejects.toThrow(
      "few.json: AutoencoderKL has no key norm_groups; did you mean norm_num_groups?",
    );
    await expect(AutoencoderKL.fromSingleFile(file, { config: "no.json" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});
