/** Models of a few kilobytes with weights in memory, on every runtime. */
import * as ortWeb from "onnxruntime-web/wasm";
import {
  autoencoderKL,
  completeConfig,
  initializeParameters,
  mlpVae,
  mlpVaeShapes,
  type MlpVaeConfig,
} from "../src/models/index.ts";
import { defaultProfile, type Provider } from "../src/cost/index.ts";
import { Generator } from "../src/random/index.ts";
import type { Runtime } from "../src/runtime/index.ts";
import { NodeRuntime } from "../src/runtime/node/node-runtime.ts";
import { WebRuntime } from "../src/runtime/web/web-runtime.ts";
import { storeInMemory } from "../src/tensor/stored-tensor.ts";
import type { Machine } from "../src/vae/machine.ts";
import { AutoencoderKLModel } from "../src/vae/autoencoder-kl.ts";
import { Vae } from "../src/vae/vae.ts";
import type { AutoencoderKLOutput } from "../src/latents/index.ts";
import { matchWeights } from "../src/vae/model-weights.ts";
import { localEngine } from "../src/vae/local-engine.ts";

// Counting the cores is the one thing that the WebAssembly build cannot do in Node.
ortWeb.env.wasm.numThreads = 1;

export const runtimes: Record<string, () => Runtime> = {
  Node: () => new NodeRuntime({ device: "cpu" }),
  web: () => new WebRuntime(ortWeb, { device: "cpu" }),
};

const config = completeConfig({
  blockOutChannels: [4, 8],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 2,
  sampleSize: 16,
});

export const machine: Machine = {
  processBytes: () => undefined,
  availableBytes: () => undefined,
  hasFiles: false,
  costProfile: (provider: Provider) => Promise.resolve(defaultProfile(provider, 1)),
};

/** Sets the first value of a tensor, whatever its dtype. */
export type Damage = Readonly<Record<string, number>>;

/** Two levels, two pixels to a latent, four channels. */
export class Autoencoder extends AutoencoderKLModel {
  static of(runtime: Runtime, damage: Damage = {}, dtype: "float32" | "float16" = "float32"): Autoencoder {
    const tensors = [...initializeParameters(config, Generator.torch(0))].map(([name, tensor]) => {
      if (damage[name] !== undefined) tensor.data[0] = damage[name];
      return [name, storeInMemory(name, tensor.toFloat(dtype))] as const;
    });
    const weights = matchWeights(autoencoderKL, config, new Map(tensors), "damaged");
    return new Autoencoder({
      name: "damaged",
      model: autoencoderKL,
      config,
      weights,
      engine: localEngine(runtime, machine),
    });
  }
}

const mlpConfig: MlpVaeConfig = {
  inputSize: 6,
  hiddenSizes: [4],
  latentSize: 2,
  activation: "tanh",
  spread: "logvar",
  initialization: "torch",
  names: { encoder: ["fc1"], mean: "fc21", spread: "fc22", decoder: ["fc3"], output: "fc4" },
};

/** Six pixels, two latents. */
export class Mlp extends Vae<MlpVaeConfig, AutoencoderKLOutput> {
  static of(runtime: Runtime, damage: Damage = {}): Mlp {
    const generator = Generator.torch(0);
    const tensors = [...mlpVaeShapes(mlpConfig)].map(([name, shape]) => {
      const tensor = generator.randn(shape);
      if (damage[name] !== undefined) tensor.data.fill(damage[name]);
      return [name, storeInMemory(name, tensor)] as const;
    });
    const weights = matchWeights(mlpVae, mlpConfig, new Map(tensors), "damaged");
    return new Mlp({
      name: "damaged",
      model: mlpVae,
      config: mlpConfig,
      weights,
      engine: localEngine(runtime, machine),
    });
  }
}
