/** A model of rows: 16 grey values, a picture of 4x4 pixels, to 3 latents. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { initializeMlpVae, type MlpVaeConfig } from "../../src/models/index.ts";
import { mlpVaeNames } from "../../src/models/mlp-vae/config.ts";
import { Generator, writeSafetensorsFile } from "../../src/node/index.ts";

const mlpConfig: MlpVaeConfig = {
  inputSize: 16,
  hiddenSizes: [8],
  latentSize: 3,
  activation: "relu",
  spread: "logvar",
  initialization: "torch",
  names: mlpVaeNames(1),
};

/** The folder that `vaekit train` leaves for an MLP. */
export async function saveTinyMlp(path: string): Promise<void> {
  await mkdir(path);
  const tensors = initializeMlpVae(mlpConfig, Generator.torch(0));
  await writeSafetensorsFile(join(path, "diffusion_pytorch_model.safetensors"), tensors, { format: "pt" });
  const file = {
    _class_name: "MlpVae",
    type: "mlp",
    input_size: 16,
    hidden_sizes: [8],
    latent_size: 3,
    activation: "relu",
    sigma: "logvar",
    initialization: "pytorch",
  };
  await writeFile(join(path, "config.json"), JSON.stringify(file));
}
