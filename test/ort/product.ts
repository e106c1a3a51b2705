/** What the product computes on a runtime, small: a picture both ways, at once and in strips, and two steps of training. */
import { AutoencoderKL } from "../../src/node/index.ts";
import { completeConfig, initializeParameters, parameterShapes } from "../../src/models/index.ts";
import type { OrtSwitches } from "../../src/ort/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import {
  autoencoderKLNetwork,
  initialTensors,
  ParameterLayout,
  philoxRandomness,
  TrainingEngine,
  type TrainingPlan,
} from "../../src/train/index.ts";

export type Numbers = Readonly<Record<string, Tensor>>;

/** With the built-in model, whose widest pictures have blocks of channels and whose weights are mapped. */
export async function computeProduct(ort: OrtSwitches, threadCount?: number): Promise<Numbers> {
  await using runtime = new NodeRuntime({ device: "cpu", threadCount, ort });
  await using vae = await AutoencoderKL.default({ runtime });
  const pixels = pictures([1, 3, 32, 24]);
  const coded = async (tiling: "off" | "exact"): Promise<[Tensor, Tensor]> => {
    const { latentDist } = await vae.encode(pixels, { tiling });
    const { sample } = await vae.decode(latentDist.mode(), { tiling });
    return [latentDist.parameters, sample];
  };
  const [parameters, sample] = await coded("off");
  const [parametersOfStrips, sampleOfStrips] = await coded("exact");
  return { parameters, sample, parametersOfStrips, sampleOfStrips, weights: await train(ort, threadCount) };
}

/** Of 16 channels, so that gradients can be in blocks. */
const config = completeConfig({
  blockOutChannels: [16, 32],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  latentChannels: 2,
  normNumGroups: 4,
  layersPerBlock: 1,
  midBlockAddAttention: false,
});

async function train(ort: OrtSwitches, threadCount?: number): Promise<Tensor> {
  await using runtime = new NodeRuntime({ device: "cpu", threadCount, keepsMemory: true, ort });
  const plan: TrainingPlan = {
    network: autoencoderKLNetwork(config),
    layout: new ParameterLayout(parameterShapes(config)),
    frozen: (name) => {
      throw new Error(`${name} is not trained`);
    },
    objective: { reconstruction: { mse: 1 }, reduction: "mean", freeBits: 0, learnLogvar: false },
    optimizer: {
      type: "adam",
      learningRate: 1e-2,
      betas: [0.9, 0.999],
      // Against gradients of nearly nothing, whose sign is rounding: Adam would make a whole step of them.
      epsilon: 1e-3,
      weightDecay: 0,
      clipNorm: null,
    },
    learningRateFactor: () => 1,
    klWeight: () => 1e-3,
    accumulate: 1,
    givesLogits: false,
  };
  const parameters = plan.layout.join(initializeParameters(config, Generator.torch(1)));
  const engine = await TrainingEngine.create(
    runtime,
    plan,
    philoxRandomness(0),
    initialTensors(plan, parameters),
  );
  for (let step = 0; step < 2; step++) await engine.advance(() => Promise.resolve(pictures([2, 3, 20, 16])));
  return (await engine.tensors()).get("parameters")!;
}

/** Numbers in [-1, 1]. */
function pictures(shape: readonly number[]): Tensor<"float32"> {
  const noise = Generator.philox(9).randn(shape);
  noise.data.forEach((value, index) => (noise.data[index] = Math.tanh(value)));
  return noise;
}
