import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FileCalls } from "../../test/train/file-calls.ts";
import { Tensor } from "../tensor/tensor.ts";
import { readSafetensorsFile } from "../weights/node/index.ts";
import { writeModel } from "./write-model.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-write-model-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("a model is a folder as diffusers has it, its weights first, each file on disk before its name appears", async () => {
  const place = join(folder, "new", "model");
  const tensors = new Map([["a", Tensor.from(Float32Array.of(1, 2), [2])]]);
  using files = new FileCalls();
  await writeModel(place, { config: "{}\n", tensors });
  expect((await readdir(place)).sort()).toEqual(["config.json", "diffusion_pytorch_model.safetensors"]);
  expect(await readFile(join(place, "config.json"), "utf8")).toBe("{}\n");
  const written = await readSafetensorsFile(join(place, "diffusion_pytorch_model.safetensors"));
  expect(written.tensors.get("a")!.equals(tensors.get("a")!)).toBe(true);
  // What PyTorch's loaders look for.
  expect(written.metadata).toEqual({ format: "pt" });
  const order = files.calls.map((call) => `${call.split(" ")[0]} ${basename(call.split(" ").at(-1)!)}`);
  expect(order.map((call) => call.replace(/\.\d+\.[0-9a-f]{8}\.partial/, ""))).toEqual([
    "sync diffusion_pytorch_model.safetensors",
    "rename diffusion_pytorch_model.safetensors",
    "sync config.json",
    "rename config.json",
  ]);
});
