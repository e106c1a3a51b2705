/** Models saved and opened again: what is written, in which order, in which dtype, and what a failure leaves. */
import { access, link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  AutoencoderKL,
  compareWeights,
  Generator,
  MlpVae,
  openVae,
  readSafetensorsFile,
  Tensor,
  writeSafetensorsFile,
} from "../../src/node/index.ts";
import { mlpVae, pytorchExamplesMlpVae } from "../../src/models/index.ts";
import { savePretrained } from "../../src/node/save-pretrained.ts";
import { temporaryFolder, tinyConfig } from "../cli/run-cli.ts";
import { calls, clear, faults, systemError } from "../recorded-files.ts";

vi.mock("node:fs/promises", async (original) => {
  const { recorded } = await import("../recorded-files.ts");
  return recorded(await original());
});

const weightsName = "diffusion_pytorch_model.safetensors";
const indexName = `${weightsName}.index.json`;
const latents = Generator.torch(1).randn([1, 4, 2, 2]);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names);
const vae = AutoencoderKL.fromConfig(tinyConfig, { device: "cpu", generator: Generator.torch(0) });

beforeAll(async () => {
  folder = await temporaryFolder();
  await vae.savePretrained(at("model"));
});
afterAll(async () => {
  await vae.dispose();
  await folder.remove();
});
beforeEach(clear);
afterEach(clear);

const refusal = (code: string, message: string): object => ({
  name: "VaekitError",
  code,
  message: expect.stringContaining(message) as string,
});

describe("a model that is saved", () => {
  test("has the bytes of the files that it gives as Blobs", async () => {
    const files = await vae.savedFiles();
    expect([...files.keys()].sort()).toEqual((await readdir(at("model"))).sort());
    for (const [name, blob] of files) {
      expect(Buffer.from(await blob.arrayBuffer()).equals(await readFile(at("model", name)))).toBe(true);
    }
  });

  test("has its weights on the disk before its config, and loses an older index last", async () => {
    await mkdir(at("order"));
    await writeFile(at("order", indexName), "{}");
    calls.length = 0;
    await vae.savePretrained(at("order"));
    const order = [
      `sync ${weightsName}.partial`,
      `rename ${weightsName}.partial → ${weightsName}`,
      "sync config.json.partial",
      "rename config.json.partial → config.json",
      `rm ${indexName}`,
    ];
    expect(calls.filter((call) => order.includes(call))).toEqual(order);
    expect((await readdir(at("order"))).sort()).toEqual(["config.json", weightsName]);
  });

  test.each([`rename ${weightsName}.partial → ${weightsName}`, "sync config.json.partial"])(
    "keeps an older index when %s fails, and leaves no temporary file",
    async (call) => {
      await mkdir(at("failed"), { recursive: true });
      await writeFile(at("failed", indexName), "{}");
      faults.fail = (each) => (each === call ? systemError("ENOSPC") : undefined);
      await expect(vae.savePretrained(at("failed"))).rejects.toMatchObject(refusal("IO", "the disk is full"));
      const names = await readdir(at("failed"));
      expect(names).toContain(indexName);
      expect(names.filter((name) => name.endsWith(".partial"))).toEqual([]);
      expect(names).not.toContain("config.json");
      await rm(at("failed"), { recursive: true });
    },
  );

  test("is read again number for number, with its config, and saved again byte for byte", async () => {
    await using again = await AutoencoderKL.fromPretrained(at("model"), { device: "cpu" });
    expect(again.config).toEqual(vae.config);
    expect((await again.decode(latents)).equals(await vae.decode(latents))).toBe(true);
    await again.savePretrained(at("again"));
    for (const name of ["config.json", weightsName]) {
      expect((await readFile(at("again", name))).equals(await readFile(at("model", name)))).toBe(true);
    }
  });

  test("keeps the dtype of its file, and the mark by which diffusers knows it", async () => {
    const { tensors, metadata } = await readSafetensorsFile(at("model", weightsName));
    expect(metadata).toEqual({ format: "pt" });
    const halves = [...tensors].map(([name, tensor]) => [name, tensor.toFloat("float16")] as const);
    await mkdir(at("half"));
    await writeFile(at("half", "config.json"), await readFile(at("model", "config.json")));
    await writeSafetensorsFile(at("half", weightsName), halves);
    await using half = await openVae(at("half"), { device: "cpu" });
    await half.savePretrained(at("half-saved"));
    const saved = await readSafetensorsFile(at("half-saved", weightsName));
    expect(new Set([...saved.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(["float16"]));
    for (const [name, tensor] of halves) expect(saved.tensors.get(name)!.equals(tensor)).toBe(true);
  });

  test("does not replace the weights that it is read from, by whatever name, and stays usable", async () => {
    await using opened = await openVae(at("model"), { device: "cpu" });
    await mkdir(at("linked"));
    await link(at("model", weightsName), at("linked", weightsName));
    for (const name of ["model", "linked"]) {
      await expect(opened.savePretrained(at(name))).rejects.toMatchObject(
        refusal("IO", "would replace the weights of this model, which is in use"),
      );
    }
    await expect(access(at("linked", "config.json"))).rejects.toThrow("ENOENT");
    expect((await opened.decode(latents)).equals(await vae.decode(latents))).toBe(true);
  });

  test("does not replace them either where they come to that place while it is read", async () => {
    const own = at("model", weightsName);
    const text = vae.configText();
    for (const name of [weightsName, "config.json"]) {
      await mkdir(at("late"));
      const stateDict = async (): Promise<Map<string, Tensor>> => {
        await link(own, at("late", name));
        return new Map([["x", Tensor.zeros([1])]]);
      };
      const likelihoodFile = () => Promise.resolve(undefined);
      const source = { weightFiles: [own], configText: () => text, stateDict, likelihoodFile };
      await expect(savePretrained(source, at("late"))).rejects.toMatchObject(
        refusal("IO", `${at("late", name)}: would replace the weights of this model`),
      );
      await rm(at("late"), { recursive: true });
    }
    expect((await readSafetensorsFile(own)).tensors.size).toBeGreaterThan(10);
  });

  test.each([
    ["", "INVALID_ARGUMENT", "savePretrained: expected the path of a folder"],
    [`model/${weightsName}`, "IO", "expected a folder to write into, found a file"],
  ])("is not saved to %j", async (path, code, message) => {
    await expect(vae.savePretrained(path === "" ? "" : at(path))).rejects.toMatchObject(
      refusal(code, message),
    );
  });

  test("is saved to a folder of folders that are not there yet", async () => {
    await vae.savePretrained(at("deep", "er", "model"));
    expect(await compareWeights(at("deep", "er", "model"))).toEqual({
      missing: [],
      unexpected: [],
      wrongShape: [],
    });
  });
});

describe("the class of a folder", () => {
  test("is found without opening it, and is none where nothing can be read", async () => {
    await mkdir(at("mlp"));
    await writeFile(at("mlp", "config.json"), mlpVae.config.format(pytorchExamplesMlpVae));
    expect(await MlpVae.isAt(at("mlp"))).toBe(true);
    expect(await MlpVae.isAt(at("model"))).toBe(false);
    expect(await MlpVae.isAt(at("nowhere"))).toBe(false);
  });
});

describe("weights beside their config", () => {
  const edited = async (name: string, edit: (tensors: Map<string, Tensor>) => void): Promise<string> => {
    const { tensors } = await readSafetensorsFile(at("model", weightsName));
    edit(tensors);
    await mkdir(at(name));
    await writeFile(at(name, "config.json"), await readFile(at("model", "config.json")));
    await writeSafetensorsFile(at(name, weightsName), tensors);
    return at(name);
  };

  test("are compared name by name and shape by shape", async () => {
    const path = await edited("edited", (tensors) => {
      tensors.delete("decoder.conv_in.bias");
      tensors.set("extra", Tensor.zeros([1]));
      tensors.set("encoder.conv_in.bias", Tensor.zeros([7]));
      const conv = tensors.get("post_quant_conv.bias")!;
      // As old checkpoints keep the weights of attention.
      tensors.set("post_quant_conv.bias", conv.reshape([...conv.shape, 1, 1]));
    });
    const expected = {
      missing: ["decoder.conv_in.bias"],
      unexpected: ["extra"],
      wrongShape: ["encoder.conv_in.bias: expected [4], found [7]"],
    };
    expect(await compareWeights(path)).toEqual(expected);
    expect(await compareWeights(join(path, weightsName), { config: tinyConfig })).toMatchObject({
      missing: ["decoder.conv_in.bias"],
    });
  });

  test("are not compared where nothing says the config, nor for a name of the hub", async () => {
    expect(await compareWeights("org/name")).toBeUndefined();
    await writeSafetensorsFile(at("lone.safetensors"), [["x", Tensor.zeros([1])]]);
    expect(await compareWeights(at("lone.safetensors"))).toBeUndefined();
  });

  test("are compared in the subfolder and the variant that are named", async () => {
    await mkdir(at("pipeline", "vae"), { recursive: true });
    await writeFile(at("pipeline", "vae", "config.json"), await readFile(at("model", "config.json")));
    await writeSafetensorsFile(at("pipeline", "vae", "diffusion_pytorch_model.fp16.safetensors"), [
      ["extra", Tensor.zeros([1])],
    ]);
    const found = await compareWeights(at("pipeline"), { subfolder: "vae", variant: "fp16" });
    expect(found!.unexpected).toEqual(["extra"]);
    await expect(compareWeights(at("pipeline"), { subfolder: "vae" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});
