import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Tensor } from "../../tensor/tensor.ts";
import { encodeSafetensors, readTensor } from "../safetensors.ts";
import { loadDiffusersFolder, loadSingleFile } from "./load-checkpoint.ts";

let folder = "";
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "vaekit-load-")));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A file with these names, each a tensor of one number: its place in the list. */
function weights(...names: string[]): Uint8Array {
  const tensors = names.map((name, i): [string, Tensor] => [name, Tensor.from(new Float32Array([i]), [1])]);
  return new Uint8Array(encodeSafetensors(tensors, { format: "pt" }).flatMap((chunk) => [...chunk]));
}

/** The beginning of what torch.save writes. */
const pytorchZip = Buffer.concat([
  Buffer.from("PK\x03\x04"),
  Buffer.alloc(22),
  Buffer.from([16, 0, 0, 0]),
  Buffer.from("archive/data.pkl"),
]);

const whole = "diffusion_pytorch_model.safetensors";
const halves = "diffusion_pytorch_model.fp16.safetensors";
const index = "diffusion_pytorch_model.safetensors.index.json";

describe("loadDiffusersFolder", () => {
  it("opens config.json and the weights beside it", async () => {
    await put("config.json", '{"latent_channels": 4}');
    const path = await put(whole, weights("a", "b"));
    const loaded = await loadDiffusersFolder(folder);
    expect(loaded.configJson).toEqual({ latent_channels: 4 });
    expect(loaded.configPath).toBe(join(folder, "config.json"));
    expect(loaded.files).toEqual([path]);
    expect(loaded.checkpoint.metadata).toEqual({ format: "pt" });
    const b = loaded.checkpoint.tensors.get("b")!;
    expect(b.source.path).toBe(path);
    expect((await readTensor(b)).data).toEqual(new Float32Array([1]));
  });

  it("brings deprecated attention names up to date", async () => {
    await put("config.json", "{}");
    await put(whole, weights("encoder.mid_block.attentions.0.proj_attn.weight"));
    const { checkpoint } = await loadDiffusersFolder(folder);
    expect([...checkpoint.tensors.keys()]).toEqual(["encoder.mid_block.attentions.0.to_out.0.weight"]);
  });

  it("looks into vae/ of a pipeline's folder by itself, and into any subfolder that is named", async () => {
    await put("model_index.json", "{}");
    for (const subfolder of ["vae", "vae_1_0"]) {
      await put(`${subfolder}/config.json`, JSON.stringify({ from: subfolder }));
      await put(`${subfolder}/${whole}`, weights("a"));
    }
    expect((await loadDiffusersFolder(folder)).configJson).toEqual({ from: "vae" });
    const named = await loadDiffusersFolder(folder, { subfolder: "vae_1_0" });
    expect(named.configJson).toEqual({ from: "vae_1_0" });
  });

  it("takes the shards when a whole file is beside their index, as diffusers does, with a warning", async () => {
    await put("config.json", "{}");
    await put(whole, weights("a"));
    await put(index, JSON.stringify({ weight_map: { b: "m-1.safetensors" } }));
    await put("m-1.safetensors", weights("b"));
    const { checkpoint, warnings } = await loadDiffusersFolder(folder);
    expect([...checkpoint.tensors.keys()]).toEqual(["b"]);
    expect(warnings).toEqual([
      `${folder}: holds weights twice, ${whole} and the shards of ${index}; the shards are read, as in diffusers. Delete what is out of date.`,
    ]);
    await rm(join(folder, "m-1.safetensors"));
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      `the checkpoint is incomplete. Delete the index to read ${whole} instead.`,
    );
  });

  it("takes only the index of the asked variant, in diffusers' older spelling too", async () => {
    await put("config.json", "{}");
    await put(index, JSON.stringify({ weight_map: { a: "m-1.safetensors" } }));
    await put("m-1.safetensors", weights("a"));
    await put(halves, weights("b"));
    expect([...(await loadDiffusersFolder(folder, { variant: "fp16" })).checkpoint.tensors.keys()]).toEqual([
      "b",
    ]);
    const older = "diffusion_pytorch_model.safetensors.fp16.index.json";
    await put(older, JSON.stringify({ weight_map: { c: "m-2.safetensors" } }));
    await put("m-2.safetensors", weights("c"));
    const { checkpoint, warnings } = await loadDiffusersFolder(folder, { variant: "fp16" });
    expect([...checkpoint.tensors.keys()]).toEqual(["c"]);
    expect(warnings).toHaveLength(1);
  });

  it("opens the variant that is asked for", async () => {
    await put("config.json", "{}");
    await put(whole, weights("a"));
    await put(halves, weights("b"));
    const names = async (variant?: string): Promise<string[]> => [
      ...(await loadDiffusersFolder(folder, { variant })).checkpoint.tensors.keys(),
    ];
    expect(await names()).toEqual(["a"]);
    expect(await names("fp16")).toEqual(["b"]);
  });

  it("says which variants there are when the asked one is not", async () => {
    await put("config.json", "{}");
    await put(whole, weights("a"));
    await put(halves, weights("b"));
    await expect(loadDiffusersFolder(folder, { variant: "bf16" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `${join(folder, "diffusion_pytorch_model.bf16.safetensors")}: not there. Expected the variant "bf16", found "fp16", no variant; pass one of these as \`variant\`, or leave it out.`,
    });
  });

  it("does not take a variant that was not asked for", async () => {
    await put("config.json", "{}");
    await put(halves, weights("b"));
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      `${join(folder, whole)}: not there. Expected weights without a variant, found "fp16"; pass one of these as \`variant\`.`,
    );
  });

  it("joins shards, of a variant too", async () => {
    await put("config.json", "{}");
    const shards = ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"] as const;
    await put(shards[0], weights("a", "b"));
    await put(shards[1], weights("c", "not in the index"));
    const weightMap = { a: shards[0], c: shards[1], b: shards[0] };
    await put(index, JSON.stringify({ metadata: { total_size: 16 }, weight_map: weightMap }));
    await put(
      "diffusion_pytorch_model.safetensors.index.fp16.json",
      JSON.stringify({ weight_map: { c: shards[1] } }),
    );
    const loaded = await loadDiffusersFolder(folder);
    expect([...loaded.checkpoint.tensors.keys()]).toEqual(["a", "b", "c"]);
    expect(loaded.checkpoint.tensors.get("c")?.source.path).toBe(join(folder, shards[1]));
    expect(loaded.files).toEqual(shards.map((shard) => join(folder, shard)));
    const variant = await loadDiffusersFolder(folder, { variant: "fp16" });
    expect([...variant.checkpoint.tensors.keys()]).toEqual(["c"]);
  });

  it.each([
    "../secret.safetensors",
    "/etc/passwd",
    "a/b.safetensors",
    "a\\b.safetensors",
    "C:x.safetensors",
    ".hidden.safetensors",
    "nul\0.safetensors",
    "config.json",
    "",
    7,
    null,
  ])("refuses the shard name %j", async (shard) => {
    await put("config.json", "{}");
    await put(index, JSON.stringify({ weight_map: { a: shard } }));
    await expect(loadDiffusersFolder(folder)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: `${join(folder, index)}: expected the name of a .safetensors file in the same folder, found ${JSON.stringify(shard)}.`,
    });
  });

  it("refuses an index without a map, a missing shard, and a shard without its tensor", async () => {
    await put("config.json", "{}");
    for (const content of ["[]", "null", "{}", '{"weight_map": []}']) {
      await put(index, content);
      await expect(loadDiffusersFolder(folder)).rejects.toThrow("expected an object with weight_map");
    }
    await put(index, '{"weight_map": {"a": "m-1.safetensors"}}');
    await expect(loadDiffusersFolder(folder)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `${join(folder, "m-1.safetensors")}: not there, but ${join(folder, index)} names it; the checkpoint is incomplete.`,
    });
    await put("m-1.safetensors", weights("b"));
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      'expected "a" in m-1.safetensors, which does not have it',
    );
  });

  it("refuses pickled weights, says why, and how to convert them", async () => {
    await put("config.json", "{}");
    await put("diffusion_pytorch_model.bin", pytorchZip);
    const error: unknown = await loadDiffusersFolder(folder).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "UNSUPPORTED" });
    expect((error as Error).message).toContain("opening one can run any code");
    expect((error as Error).message).toContain(
      `from diffusers import AutoencoderKL; AutoencoderKL.from_pretrained("${folder}").save_pretrained("${folder}-safetensors", safe_serialization=True)`,
    );
  });

  it("reads what is called diffusion_pytorch_model.bin and is safetensors, with a warning", async () => {
    await put("config.json", "{}");
    const path = await put("diffusion_pytorch_model.bin", weights("a"));
    const { checkpoint, files, warnings } = await loadDiffusersFolder(folder);
    expect([...checkpoint.tensors.keys()]).toEqual(["a"]);
    expect(files).toEqual([path]);
    expect(warnings).toEqual([
      expect.stringContaining(`${path}: is a safetensors file under a pickle's name`),
    ]);
  });

  it("calls a pickle a pickle under the name of safetensors", async () => {
    await put("config.json", "{}");
    await put(whole, pytorchZip);
    await expect(loadDiffusersFolder(folder)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("found only a pickle") as string,
    });
  });

  it("says what config.json and the weights are when they are something else", async () => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    await put("config.json", "{}");
    await put(whole, pointer);
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      `${join(folder, whole)}: expected a safetensors file, found a Git LFS pointer`,
    );
    await put("config.json", pointer);
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      `${join(folder, "config.json")}: expected JSON, found a Git LFS pointer`,
    );
  });

  it("lists what is there when the config or the weights are missing", async () => {
    await put("notes.txt", "");
    await expect(loadDiffusersFolder(folder)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `Expected ${join(folder, "config.json")} or ${join(folder, "vae", "config.json")}; ${folder} holds notes.txt. Pass \`subfolder\` if the VAE lies deeper.`,
    });
    await put("config.json", "{}");
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      `${join(folder, whole)}: not there; the folder holds config.json, notes.txt.`,
    );
  });

  it("refuses a folder that is not there, and a file", async () => {
    await expect(loadDiffusersFolder(join(folder, "no"))).rejects.toThrow(
      `${join(folder, "no")}: no such folder.`,
    );
    const path = await put("model.safetensors", weights("a"));
    await expect(loadDiffusersFolder(path)).rejects.toThrow(
      "expected a folder with config.json, found a file",
    );
  });

  it.each([
    ['{"scaling_factor": NaN}', "scaling_factor is NaN; expected a finite number."],
    ['{"a": 1, "shift_factor" : -Infinity }', "shift_factor is -Infinity; expected a finite number."],
    ['{"latents_mean": [\n  0.5,\n  NaN\n]}', "latents_mean is NaN; expected a finite number."],
  ])("names the key that Python wrote as no number: %s", async (content, message) => {
    const path = await put("config.json", content);
    await expect(loadDiffusersFolder(folder)).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      message: `${path}: ${message}`,
    });
  });

  it.each([
    ["text that is not JSON", "{latent_channels: 4}"],
    ["an empty file", ""],
    ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
  ])("names config.json when it is %s", async (_, content) => {
    const path = await put("config.json", content);
    await expect(loadDiffusersFolder(folder)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringContaining(`${path}: expected JSON`) as string,
    });
  });
});

describe("loadSingleFile", () => {
  const names = ["encoder.conv_in.weight", "encoder.mid.attn_1.q.bias", "decoder.up.0.block.0.conv1.bias"];

  it("opens an original VAE, bare or inside a whole checkpoint", async () => {
    const bare = await loadSingleFile(await put("ae.safetensors", weights(...names)));
    const prefixed = names.map((name) => `first_stage_model.${name}`);
    const inside = await loadSingleFile(
      await put("sd.safetensors", weights("model.diffusion_model.x", ...prefixed)),
    );
    for (const { checkpoint, kind } of [bare, inside]) {
      expect(kind).toBe("original");
      expect([...checkpoint.tensors.keys()].sort()).toEqual([
        "decoder.up_blocks.0.resnets.0.conv1.bias",
        "encoder.conv_in.weight",
        "encoder.mid_block.attentions.0.to_q.bias",
      ]);
      expect(checkpoint.metadata).toEqual({ format: "pt" });
    }
    const query = inside.checkpoint.tensors.get("encoder.mid_block.attentions.0.to_q.bias")!;
    expect((await readTensor(query)).data).toEqual(new Float32Array([2]));
  });

  it("opens diffusers' own files, old attention names included", async () => {
    const file = weights("decoder.conv_in.bias", "encoder.mid_block.attentions.0.query.bias");
    const { checkpoint, kind } = await loadSingleFile(await put(whole, file));
    expect(kind).toBe("diffusers");
    expect([...checkpoint.tensors.keys()]).toContain("encoder.mid_block.attentions.0.to_q.bias");
  });

  it.each(["model.ckpt", "model.vae.pt", "model.pth", "model.BIN", "model"])(
    "reads a safetensors file called %s by its content",
    async (name) => {
      const path = await put(name, weights(...names));
      const { checkpoint, warnings } = await loadSingleFile(path);
      expect(checkpoint.tensors.size).toBe(3);
      expect(warnings).toEqual(
        name === "model"
          ? []
          : [expect.stringContaining(`${path}: is a safetensors file under a pickle's name`)],
      );
    },
  );

  it.each([
    ["model.ckpt", "", "model.ckpt"],
    ["model.safetensors", "rename it to ", "model.ckpt"],
  ])("says of the pickle %s how to convert it", async (name, rename, source) => {
    const path = await put(name, pytorchZip);
    const error: unknown = await loadSingleFile(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "UNSUPPORTED" });
    const { message } = error as Error;
    expect(message).toContain(rename);
    expect(message).toContain(
      `AutoencoderKL.from_single_file("${join(folder, source)}").save_pretrained("${join(folder, "model-safetensors")}", safe_serialization=True)`,
    );
  });

  it.each([
    ["PyTorch's zip", [...pytorchZip]],
    ["PyTorch's old format", [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]],
    ["a plain pickle", [0x80, 4, 0x95, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x7d]],
  ])("refuses %s under any name", async (_, head) => {
    const path = await put("model.safetensors", new Uint8Array(head));
    await expect(loadSingleFile(path)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("takes no safetensors file for a pickle, whatever the length of its header", async () => {
    // 0x280 bytes of header: the file begins with 80 02, as a pickle does.
    const shortFile = weights(...names);
    const headerBytes = Number(new DataView(shortFile.buffer).getBigUint64(0, true));
    const spaces = new Uint8Array(0x280 - headerBytes).fill(0x20);
    const padded = new Uint8Array([
      ...[0x80, 2, 0, 0, 0, 0, 0, 0],
      ...shortFile.subarray(8, 8 + headerBytes),
      ...spaces,
      ...shortFile.subarray(8 + headerBytes),
    ]);
    const { checkpoint } = await loadSingleFile(await put("model.safetensors", padded));
    expect(checkpoint.tensors.size).toBe(3);
  });

  it("refuses folders, missing files, and files without a VAE", async () => {
    await expect(loadSingleFile(folder)).rejects.toThrow("found a folder; open folders with fromPretrained");
    await expect(loadSingleFile(join(folder, "no.safetensors"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    const path = await put("unet.safetensors", weights("model.diffusion_model.x"));
    await expect(loadSingleFile(path)).rejects.toThrow(`${path}: expected the weights of a VAE`);
    const empty = await put("empty.safetensors", "");
    await expect(loadSingleFile(empty)).rejects.toThrow("found an empty file");
  });
});

describe("what a folder says beside its weights", () => {
  const model = '{"_class_name": "AutoencoderKL"}';

  it("is joined of all shards, whose files come by name", async () => {
    await put("config.json", "{}");
    const shard = (name: string, note: string): Promise<string> =>
      put(
        `${name}.safetensors`,
        new Uint8Array(
          encodeSafetensors([[name, Tensor.zeros([1])]], { format: "pt", [note]: "yes" }).flatMap((chunk) => [
            ...chunk,
          ]),
        ),
      );
    await shard("b", "second");
    await shard("a", "first");
    await put(index, JSON.stringify({ weight_map: { b: "b.safetensors", a: "a.safetensors" } }));
    const { checkpoint, files } = await loadDiffusersFolder(folder);
    expect(checkpoint.metadata).toEqual({ format: "pt", first: "yes", second: "yes" });
    expect(files).toEqual([join(folder, "a.safetensors"), join(folder, "b.safetensors")]);
  });

  it("warns of the folder that was taken, of weights that are there twice, and of a wrong name, each once", async () => {
    await put("config.json", model);
    await put(whole, weights("a"));
    await put("vae/config.json", model);
    await put(`vae/${whole}`, weights("b"));
    const both = await loadDiffusersFolder(folder);
    expect([...both.checkpoint.tensors.keys()]).toEqual(["a"]);
    expect(both.warnings).toEqual([
      expect.stringContaining("holds a model and another one in its folder vae"),
    ]);
    expect((await loadDiffusersFolder(folder, { subfolder: "vae" })).warnings).toEqual([]);

    await rm(join(folder, whole));
    await put(`vae/${index}`, JSON.stringify({ weight_map: { c: "c.safetensors" } }));
    await put("vae/c.safetensors", weights("c"));
    const inside = await loadDiffusersFolder(folder);
    expect([...inside.checkpoint.tensors.keys()]).toEqual(["c"]);
    expect(inside.warnings).toEqual([
      expect.stringContaining("there are no weights beside its own config.json"),
      expect.stringContaining("holds weights twice"),
    ]);
  });

  it("takes vae of a folder that is no model's, and a folder that cannot be listed for none", async () => {
    await put("config.json", '{"_class_name": "UNet2DConditionModel"}');
    await put("vae/config.json", model);
    await put(`vae/${whole}`, weights("b"));
    const { configPath, warnings } = await loadDiffusersFolder(folder);
    expect(configPath).toBe(join(folder, "vae", "config.json"));
    expect(warnings).toEqual([
      expect.stringContaining('its own config.json is that of "UNet2DConditionModel"'),
    ]);
  });

  it("lists ten names, and counts the rest", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `file-${i}.txt`);
    for (const name of names) await put(name, "");
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(`${folder} holds ${names.join(", ")}. Pass`);
    await put("file-x.txt", "");
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      `${folder} holds ${names.join(", ")} and 1 more. Pass`,
    );
    await expect(loadDiffusersFolder(folder, { subfolder: "vae" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: `Expected ${join(folder, "vae", "config.json")}; ${folder} holds ${names.join(", ")} and 1 more.`,
    });
  });

  it("names the class in the line of Python that converts its pickle", async () => {
    await put("config.json", '{"_class_name": "MlpVae"}');
    await put("diffusion_pytorch_model.bin", pytorchZip);
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      "from diffusers import MlpVae; MlpVae.from_pretrained(",
    );
  });

  it("does not take an index's shards, or another's, for a variant", async () => {
    await put("config.json", "{}");
    await put("diffusion_pytorch_model.fp16-00001-of-00002.safetensors", weights("a"));
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      "not there; the folder holds config.json, diffusion",
    );
    await put("diffusion_pytorch_model.safetensors.index.fp16.json", "{}");
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      'Expected weights without a variant, found "fp16"; pass one of these as `variant`.',
    );
    await put("diffusion_pytorch_model.safetensors.bf16.index.json", "{}");
    await expect(loadDiffusersFolder(folder, { variant: "int8" })).rejects.toThrow(
      'Expected the variant "int8", found "bf16", "fp16"; pass one of these as `variant`.',
    );
  });
});

describe("a whole checkpoint", () => {
  it("is opened without a look at what lies beside its VAE, and named by what it is", async () => {
    const path = await put(
      "sd.safetensors",
      weights("model.diffusion_model.x", "vae.encoder.conv_in.weight", "vae.decoder.conv_in.weight"),
    );
    const { model, checkpoint, kind, warnings } = await loadSingleFile(path);
    expect([...checkpoint.tensors.keys()].sort()).toEqual([
      "decoder.conv_in.weight",
      "encoder.conv_in.weight",
    ]);
    expect([model.className, kind, warnings]).toEqual(["AutoencoderKL", "diffusers", []]);
  });

  it("without a VAE shows three names, each cut where it is long", async () => {
    const names = ["a".repeat(81), "b".repeat(80), "c", "d"];
    const path = await put("unet.safetensors", weights(...names));
    await expect(loadSingleFile(path)).rejects.toThrow(
      `found "${"a".repeat(80)}", "${"b".repeat(80)}", "c" and the like.`,
    );
  });
});
