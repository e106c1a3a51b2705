/** A folder of its own for each test, and what lies in checkpoints. Importing it sets the folder up. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { Tensor } from "../../src/tensor/tensor.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";

export let folder = "";
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "vaekit-load-")));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a file of the folder, and gives its path. */
export async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A file with these names, each a tensor of one number: its place in the list. */
export function weights(...names: string[]): Uint8Array {
  const tensors = names.map((name, i): [string, Tensor] => [name, Tensor.from(new Float32Array([i]), [1])]);
  return new Uint8Array(encodeSafetensors(tensors, { format: "pt" }).flatMap((chunk) => [...chunk]));
}

/** The beginning of what torch.save writes. */
export const pytorchZip = Buffer.concat([
  Buffer.from("PK\x03\x04"),
  Buffer.alloc(22),
  Buffer.from([16, 0, 0, 0]),
  Buffer.from("archive/data.pkl"),
]);

export const whole = "diffusion_pytorch_model.safetensors";
export const halves = "diffusion_pytorch_model.fp16.safetensors";
export const index = "diffusion_pytorch_model.safetensors.index.json";

/** Three tensors of a VAE under the names of the original code. */
export const originalNames = [
  "encoder.conv_in.weight",
  "encoder.mid.attn_1.q.bias",
  "decoder.up.0.block.0.conv1.bias",
];
