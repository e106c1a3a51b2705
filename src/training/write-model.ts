/** A model's folder, as diffusers lays it out. */
import { join } from "node:path";
import { makeFolder, writeFileAtomic } from "../files/node/index.ts";
import { likelihoodFileName } from "../models/index.ts";
import type { ModelContent } from "../train/index.ts";
import { writeSafetensorsFile } from "../weights/node/index.ts";

const weightsFile = "diffusion_pytorch_model.safetensors";

export async function writeModel(
  folder: string,
  { config, tensors, likelihood }: ModelContent,
): Promise<void> {
  await makeFolder(folder);
  await writeSafetensorsFile(join(folder, weightsFile), tensors, { format: "pt" });
  if (likelihood !== undefined) {
    await writeSafetensorsFile(join(folder, likelihoodFileName), likelihood.tensors, likelihood.metadata);
  }
  await writeFileAtomic(join(folder, "config.json"), config);
}
