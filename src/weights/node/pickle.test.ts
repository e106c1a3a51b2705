/** Pickles, and safetensors files under a pickle's name: told apart by what they hold. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  folder,
  originalNames,
  put,
  pytorchZip,
  weights,
  whole,
} from "../../../test/weights/checkpoint-files.ts";
import { loadDiffusersFolder, loadSingleFile } from "./load-checkpoint.ts";

describe("loadDiffusersFolder", () => {
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

  it("names the class in the line of Python that converts its pickle", async () => {
    await put("config.json", '{"_class_name": "MlpVae"}');
    await put("diffusion_pytorch_model.bin", pytorchZip);
    await expect(loadDiffusersFolder(folder)).rejects.toThrow(
      "from diffusers import MlpVae; MlpVae.from_pretrained(",
    );
  });
});

describe("loadSingleFile", () => {
  it.each(["model.ckpt", "model.vae.pt", "model.pth", "model.BIN", "model"])(
    "reads a safetensors file called %s by its content",
    async (name) => {
      const path = await put(name, weights(...originalNames));
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
    ["model.ckpt", false],
    ["model.safetensors", true],
  ])("says of the pickle %s how to convert it", async (name, hasWrongName) => {
    const path = await put(name, pytorchZip);
    const error: unknown = await loadSingleFile(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "UNSUPPORTED" });
    const { message } = error as Error;
    expect(message.includes("rename it to ")).toBe(hasWrongName);
    expect(message).toContain(
      `AutoencoderKL.from_single_file("${join(folder, "model.ckpt")}").save_pretrained("${join(folder, "model-safetensors")}", safe_serialization=True)`,
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
    const shortFile = weights(...originalNames);
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

  it("says of a pickled half of a tiny autoencoder, which diffusers reads from no single file, another way", async () => {
    // As PyTorch's archives name their tensors.
    const named = ["1.weight", "3.conv.0.weight"].map(
      (name) => `X${String.fromCharCode(name.length)}\0\0\0${name}q\x01`,
    );
    const path = await put(
      "taesd_decoder.pth",
      Buffer.concat([pytorchZip, Buffer.from(named.join(""), "latin1")]),
    );
    await expect(loadSingleFile(path)).rejects.toThrow(
      `run: import torch; from safetensors.torch import save_file; save_file(torch.load("${path}", map_location="cpu", weights_only=True), "${join(folder, "taesd_decoder.safetensors")}")`,
    );
  });
});
