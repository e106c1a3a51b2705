/** The VAE of one file, bare or inside a whole checkpoint. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, originalNames, put, weights, whole } from "../../../test/weights/checkpoint-files.ts";
import { readTensor } from "../safetensors.ts";
import { loadSingleFile } from "./load-checkpoint.ts";

describe("loadSingleFile", () => {
  it("opens an original VAE, bare or inside a whole checkpoint", async () => {
    const bare = await loadSingleFile(await put("ae.safetensors", weights(...originalNames)));
    const prefixed = originalNames.map((name) => `first_stage_model.${name}`);
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

  it("refuses folders, missing files, and files without a VAE", async () => {
    await expect(loadSingleFile(folder)).rejects.toThrow("found a folder; open folders with fromPretrained");
    await expect(loadSingleFile(join(folder, "no.safetensors"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    const path = await put("unet.safetensors", weights("model.diffusion_model.x"));
    await expect(loadSingleFile(path)).rejects.toThrow(`${path}: expected the weights of a VAE`);
    const empty = await put("empty.safetensors", "");
    await expect(loadSingleFile(empty)).rejects.toThrow("found an empty file");
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
