/** Recomputation changes what is kept, not what is computed. */
import { afterAll, expect, test } from "vitest";
import { completeConfig, initializeParameters, parameterShapes } from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import {
  autoencoderKLNetwork,
  initialTensors,
  ParameterLayout,
  philoxRandomness,
  TrainingEngine,
} from "../../src/train/index.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const config = completeConfig({
  blockOutChannels: [8, 8],
  downBlockTypes: ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
  upBlockTypes: ["AttnUpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 4,
  latentChannels: 2,
});

/** The parameters after three steps on the same pictures. */
async function train(recompute: boolean): Promise<Tensor> {
  const network = autoencoderKLNetwork(config);
  const layout = new ParameterLayout(parameterShapes(config));
  const plan = {
    network,
    layout,
    frozen: () => {
      throw new Error("everything is trained");
    },
    objective: { reconstruction: { mse: 1 }, reduction: "mean", freeBits: 0, learnLogvar: false },
    optimizer: {
      type: "adam",
      betas: [0.9, 0.99],
      epsilon: 1e-3,
      weightDecay: 0,
      clipNorm: null,
      learningRate: 1e-3,
    },
    learningRateFactor: () => 1,
    klWeight: () => 1e-3,
    accumulate: 1,
    recompute,
    givesLogits: false,
  } as const;
  const parameters = layout.join(initializeParameters(config, Generator.torch(0)));
  const trainer = await TrainingEngine.create(
    runtime,
    plan,
    philoxRandomness(0),
    initialTensors(plan, parameters),
  );
  const pictures = Generator.philox(1).uniform([2, 3, 16, 16], -1, 1);
  for (let step = 0; step < 3; step++) await trainer.advance(() => Promise.resolve(pictures));
  const tensors = await trainer.tensors();
  await trainer.dispose();
  return tensors.get("parameters")!;
}

test("a model with attention learns the same with and without", async () => {
  const kept = await train(false);
  const recomputed = await train(true);
  // Sums of gradients may be taken in another order; the learning rate is 1e-3.
  expect(recomputed).toBeAllclose(kept, { absolute: 1e-6 });
});
