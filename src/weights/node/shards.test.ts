/** Weights in shards, and an index that may be anybody's. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, index, put, weights, whole } from "../../../test/weights/checkpoint-files.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { encodeSafetensors } from "../safetensors.ts";
import { loadDiffusersFolder } from "./load-checkpoint.ts";

describe("loadDiffusersFolder", () => {
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
    "weights.safetensors.exe",
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
});

describe("what a folder says beside its weights", () => {
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
});
