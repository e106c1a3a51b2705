/** A folder as diffusers writes it: which of its files are read, and what is said of those that are missing or broken. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, index, put, weights, whole } from "../../../test/weights/checkpoint-files.ts";
import { readTensor } from "../safetensors.ts";
import { loadDiffusersFolder } from "./load-checkpoint.ts";

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

describe("what a folder says beside its weights", () => {
  const model = '{"_class_name": "AutoencoderKL"}';

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
});
