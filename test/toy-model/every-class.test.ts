/** What the rest of vaekit takes for granted of a class of autoencoder holds of each, and of one that a program adds. */
import { describe, expect, test } from "vitest";
import { verify, type Graph } from "../../src/graph/index.ts";
import {
  completeConfig,
  completeDCConfig,
  completeHunyuanImageConfig,
  completeFlux2Config,
  completeTinyConfig,
  completeVQModelConfig,
  knownModels,
  pytorchExamplesMlpVae,
  registerModel,
  type FindParameter,
  type Half,
  type InputSize,
  type VaeModel,
} from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { toyModel } from "./graph.ts";

registerModel(toyModel);

/** Two levels, whose shortcut joins frames. */
const smallVideoModel = {
  baseDim: 4,
  zDim: 3,
  dimMult: [1, 2],
  numResBlocks: 1,
  attnScales: [],
  temperalDownsample: [true],
  dropout: 0,
  latentsMean: [0, 1, -1],
  latentsStd: [1, 2, 0.5],
};

const patchedVideoModel = {
  ...smallVideoModel,
  dimMult: [2, 1],
  decoderBaseDim: 6,
  isResidual: true,
  inChannels: 12,
  outChannels: 12,
  patchSize: 2,
  scaleFactorTemporal: 4,
  scaleFactorSpatial: 4,
};

/** A small one of each class; a new class does not pass without its own. */
const configs: Readonly<Record<string, object>> = {
  AutoencoderDC: completeDCConfig({
    latentChannels: 4,
    attentionHeadDim: 3,
    encoderBlockTypes: ["ResBlock", "EfficientViTBlock"],
    decoderBlockTypes: ["EfficientViTBlock", "ResBlock"],
    encoderBlockOutChannels: [4, 8],
    decoderBlockOutChannels: [4, 8],
    encoderLayersPerBlock: [0, 1],
    decoderLayersPerBlock: [1, 1],
    encoderQkvMultiscales: [[], [3]],
    decoderQkvMultiscales: [[3, 5], []],
    decoderNormTypes: ["rms_norm", "batch_norm"],
    decoderActFns: "relu",
  }),
  AutoencoderKL: completeConfig({ blockOutChannels: [4], normNumGroups: 2, latentChannels: 3 }),
  AutoencoderKLHunyuanImage: completeHunyuanImageConfig({
    latentChannels: 4,
    blockOutChannels: [32, 64],
    layersPerBlock: 1,
    spatialCompressionRatio: 2,
  }),
  AutoencoderKLQwenImage: { ...smallVideoModel, inputChannels: 4 },
  AutoencoderKLQwenImage21: { ...patchedVideoModel, patchSize: null, inChannels: 4, outChannels: 4 },
  AutoencoderKLWan: patchedVideoModel,
  AutoencoderKLFlux2: completeFlux2Config({
    downBlockTypes: ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    blockOutChannels: [4, 8],
    decoderBlockOutChannels: [2, 6],
    normNumGroups: 2,
    layersPerBlock: 1,
    latentChannels: 3,
  }),
  AutoencoderTiny: completeTinyConfig({
    encoderBlockOutChannels: [4, 4],
    numEncoderBlocks: [1, 2],
    decoderBlockOutChannels: [3, 3],
    numDecoderBlocks: [1, 0],
    latentChannels: 5,
  }),
  MlpVae: { ...pytorchExamplesMlpVae, inputSize: 12, hiddenSizes: [5], latentSize: 3 },
  VQModel: completeVQModelConfig({
    blockOutChannels: [4, 8],
    downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    normNumGroups: 2,
    vqEmbedDim: 2,
    numVqEmbeddings: 7,
  }),
  ToyAutoencoder: {
    pictureChannels: 3,
    codeChannels: 6,
    width: 4,
    codeCentre: [0, 0, 0, 0, 0, 0],
    codeSpread: [1, 1, 1, 1, 1, 1],
  },
};

function graphOf(model: VaeModel, config: object, half: Half, size: InputSize): Graph {
  const weights = model.initialize(config, Generator.torch(0));
  const find: FindParameter = (name, shape) => {
    const tensor = weights.get(name);
    expect(tensor?.shape, name).toEqual(shape);
    return storeInMemory(name, tensor!);
  };
  return half === "encoder" ? model.encoder(config, size, find) : model.decoder(config, size, find);
}

describe.each((await knownModels()).map((model) => [model.className, model] as const))(
  "%s",
  (className, model) => {
    const config = configs[className]!;
    const facts = model.facts(config);
    const factor = facts.spatialFactor;
    const planes = (channels: number, height: number, width: number): number[] =>
      facts.layout === "planes" ? [2, channels, height, width] : [2, channels];
    const latentSize =
      facts.layout === "planes" ? { batch: 2, height: 3, width: 2 } : { batch: 2, height: 1, width: 1 };

    test("reads the config.json that it writes", () => {
      const json = JSON.parse(model.config.format(config)) as Record<string, unknown>;
      expect(json["_class_name"]).toBe(className);
      expect(model.config.parse(json, "config.json")).toEqual({ config, warnings: [] });
      expect(Object.keys(json)).toEqual(expect.arrayContaining([...model.config.keys]));
    });

    test("draws fresh weights for exactly its parameters, and each half has its own", () => {
      const shapes = model.parameterShapes(config);
      const drawn = model.initialize(config, Generator.torch(0));
      expect([...drawn.keys()].sort()).toEqual([...shapes.keys()].sort());
      for (const [name, tensor] of drawn) expect(tensor.shape, name).toEqual(shapes.get(name));
      const halves = (["encoder", "decoder"] as const).map((half) => [
        ...model.parameterShapes(config, half),
      ]);
      expect(halves.flat()).toEqual([...shapes]);
    });

    test("has an encoder from its pictures to its latents", () => {
      const size = { batch: 2, height: factor * latentSize.height, width: factor * latentSize.width };
      const graph = graphOf(model, config, "encoder", size);
      verify(graph);
      expect(graph.inputs.map(({ shape }) => shape)).toEqual([
        planes(facts.inChannels, size.height, size.width),
      ]);
      expect(graph.outputs).toHaveLength(1);
      const encoded = model.encoded(Tensor.zeros(graph.outputs[0]!.shape), config);
      expect(encoded.latents().shape).toEqual(
        planes(facts.latentChannels, latentSize.height, latentSize.width),
      );
    });

    test("has a decoder from its latents to its pictures", () => {
      const graph = graphOf(model, config, "decoder", latentSize);
      verify(graph);
      const { height, width } = latentSize;
      expect(graph.inputs.map(({ shape }) => shape)).toEqual([planes(facts.latentChannels, height, width)]);
      expect(graph.outputs.map(({ shape }) => shape)).toEqual([
        planes(facts.outChannels, factor * height, factor * width),
      ]);
    });

    test("scales as many channels as its latents have", () => {
      const buffers = [...(model.buffers?.(config) ?? [])].map(([name, { fresh }]) => [name, fresh] as const);
      expect(model.scaling(config, new Map(buffers)).latentChannels).toBe(facts.latentChannels);
    });
  },
);
