/** Which weights of a folder are read where it has those of several variants. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, halves, index, put, weights, whole } from "../../../test/weights/checkpoint-files.ts";
import { loadDiffusersFolder } from "./load-checkpoint.ts";

describe("loadDiffusersFolder", () => {
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
});

describe("what a folder says beside its weights", () => {
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
