/** A recipe's model: its network, what of it is trained and from where, and how it is saved. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { VaekitError } from "../../errors.ts";
import {
  defaultPatchDiscriminatorConfig,
  formatConfig,
  initializeMlpVae,
  initializeParameters,
  initializePatchDiscriminator,
  iwaeMlpVae,
  patchDiscriminatorShapes,
  pytorchExamplesMlpVae,
  spatialFactor,
  type AutoencoderKLConfig,
  type FindParameter,
  type MlpVaeConfig,
} from "../../models/index.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import { formatRecipe, type AutoencoderKLRecipe, type MlpRecipe, type Recipe } from "../../recipe/index.ts";
import { bytesInMemory } from "../../tensor/byte-source.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  autoencoderKLNetwork,
  initializeFromPrincipalComponents,
  logvarName,
  mlpNetwork,
  ParameterLayout,
  setActNorms,
  type VaeNetwork,
} from "../../train/index.ts";
import { NodeRuntime } from "../../runtime/node/node-runtime.ts";
import { writeFileAtomic, writeSafetensorsFile } from "../../weights/node/index.ts";
import { AutoencoderKL } from "../autoencoder-kl.ts";

/** What calibration found, for the config. */
export interface LatentFactors {
  readonly scalingFactor: number;
  readonly shiftFactor: number;
}

export interface TrainingModel {
  readonly network: VaeNetwork;
  /** Pixels of one latent. */
  readonly factor: number;
  /** The trained parameters. */
  readonly layout: ParameterLayout;
  /** All others. */
  readonly frozen: FindParameter;
  /** What a checkpoint must have been trained for. */
  readonly architecture: Record<string, unknown>;
  readonly latentChannels: number | undefined;
  /** The trained parameters before the first step. @param firstBatches gives pictures to start from. */
  initialParameters(
    generator: BaseGenerator,
    pictures: () => Promise<Tensor<"float32">>,
  ): Promise<Tensor<"float32">>;
  /** Writes the model's folder. */
  save(
    folder: string,
    trained: ReadonlyMap<string, Tensor>,
    factors: LatentFactors | undefined,
  ): Promise<void>;
}

const weightsFile = "diffusion_pytorch_model.safetensors";

/** Opens what `recipe.model` names. */
export function openModel(recipe: Recipe): Promise<TrainingModel> {
  return recipe.model.type === "mlp"
    ? Promise.resolve(openMlp(recipe, recipe.model))
    : openAutoencoderKL(recipe, recipe.model);
}

async function openAutoencoderKL(recipe: Recipe, model: AutoencoderKLRecipe): Promise<TrainingModel> {
  const pretrained = await loadPretrained(model);
  const config = pretrained?.config ?? model.config!;
  checkPictures(recipe, config);
  const network = autoencoderKLNetwork(config);
  const trainedShapes = selectTrainable(network.parameterShapes, model.trainable);
  const layout = new ParameterLayout(withLogvar(trainedShapes, recipe));
  const found = pretrained?.tensors;
  const others = new Map([...(found ?? [])].filter(([name]) => !trainedShapes.has(name)));
  if (found === undefined && trainedShapes.size < network.parameterShapes.size) {
    throw new VaekitError(
      "INVALID_CONFIG",
      "model.trainable: only a pretrained model can have frozen parts. Set model.pretrained, or leave trainable out.",
    );
  }
  return {
    network,
    factor: spatialFactor(config),
    layout,
    frozen: inMemory(others),
    architecture: { ...(JSON.parse(architectureOf(config)) as object), trainable: [...model.trainable] },
    latentChannels: config.latentChannels,
    initialParameters: async (generator, pictures) => {
      const tensors = found ?? (await freshParameters(config, model, generator, pictures));
      return layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]]));
    },
    save: async (folder, trained, factors) => {
      const tensors = new Map<string, Tensor>();
      for (const name of network.parameterShapes.keys())
        tensors.set(name, trained.get(name) ?? others.get(name)!);
      await writeModel(folder, tensors, formatConfig({ ...config, ...factors }));
    },
  };
}

/** What the recipe's own checks cannot know of a pretrained model. */
function checkPictures(recipe: Recipe, config: AutoencoderKLConfig): void {
  const factor = spatialFactor(config);
  const side = pictureSides(recipe).find((each) => each % factor !== 0);
  if (side !== undefined) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `data.resolution: expected a multiple of the model's spatial factor ${factor}, also in phases, found ${side}.`,
    );
  }
  const channels = recipe.data.type === "mnist" ? 1 : recipe.data.channels;
  if (config.inChannels !== channels || config.outChannels !== channels) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `data.channels: expected the model's ${config.inChannels} channels in and ${config.outChannels} out, found ${channels}.`,
    );
  }
}

/** Sides of the training pictures in pixels, those of each phase. */
export function pictureSides({ data, phases }: Recipe): number[] {
  if (data.type === "mnist") return [mnistSide];
  return [data.resolution, ...phases.map(({ resolution }) => resolution)];
}

/** Side of MNIST's pictures, in pixels. */
const mnistSide = 28;

/** The config's part that decides the architecture: calibration may change the rest. */
function architectureOf(config: AutoencoderKLConfig): string {
  return formatConfig({
    ...config,
    scalingFactor: 1,
    shiftFactor: null,
    latentsMean: null,
    latentsStd: null,
  });
}

async function loadPretrained(
  model: AutoencoderKLRecipe,
): Promise<{ config: AutoencoderKLConfig; tensors: Map<string, Tensor> } | undefined> {
  if (model.pretrained === null) return undefined;
  const vae = await openPretrained(model.pretrained, model);
  try {
    return { config: vae.config, tensors: await vae.stateDict() };
  } finally {
    await vae.dispose();
  }
}

/** A folder, a file or a hub id. */
export function openPretrained(
  source: string,
  { subfolder, variant }: { readonly subfolder: string | null; readonly variant: string | null },
): Promise<AutoencoderKL> {
  if (source.endsWith(".safetensors")) return AutoencoderKL.fromSingleFile(source);
  return AutoencoderKL.fromPretrained(source, {
    ...(subfolder === null ? {} : { subfolder }),
    ...(variant === null ? {} : { variant }),
  });
}

async function freshParameters(
  config: AutoencoderKLConfig,
  model: AutoencoderKLRecipe,
  generator: BaseGenerator,
  pictures: () => Promise<Tensor<"float32">>,
): Promise<Map<string, Tensor>> {
  const drawn = initializeParameters(config, generator);
  if (model.initialization === "pytorch") return drawn;
  return initializeFromPrincipalComponents(config, drawn, await pictures(), generator);
}

/** The parameters whose names match one of the patterns, in which * stands for anything. */
function selectTrainable(
  shapes: ReadonlyMap<string, Shape>,
  patterns: readonly string[],
): Map<string, Shape> {
  const expressions = patterns.map(
    (pattern) => new RegExp(`^${pattern.split("*").map(escapeExpression).join(".*")}$`),
  );
  const unused = patterns.find(
    (_, index) => ![...shapes.keys()].some((name) => expressions[index]!.test(name)),
  );
  if (unused !== undefined) {
    const examples = [...shapes.keys()].slice(0, 2).join(", ");
    const message = `model.trainable: no parameter matches ${JSON.stringify(unused)}. Names are such as ${examples}.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  return new Map([...shapes].filter(([name]) => expressions.some((expression) => expression.test(name))));
}

const escapeExpression = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");

function withLogvar(shapes: ReadonlyMap<string, Shape>, recipe: Recipe): Map<string, Shape> {
  return new Map<string, Shape>([
    ...shapes,
    ...(recipe.loss.learnLogvar ? [[logvarName, [1]] as const] : []),
  ]);
}

function openMlp(recipe: Recipe, model: MlpRecipe): TrainingModel {
  const config = mlpConfig(model);
  const network = mlpNetwork(config);
  const layout = new ParameterLayout(withLogvar(network.parameterShapes, recipe));
  return {
    network,
    factor: 1,
    layout,
    frozen: inMemory(new Map()),
    architecture: formatRecipe(recipe)["model"] as Record<string, unknown>,
    latentChannels: undefined,
    initialParameters: async (generator, pictures) => {
      const pixelMeans = config.initialization === "glorot" ? columnMeans(await pictures()) : undefined;
      const tensors = initializeMlpVae(config, generator, pixelMeans === undefined ? {} : { pixelMeans });
      return layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]]));
    },
    save: async (folder, trained) => {
      const tensors = new Map([...network.parameterShapes.keys()].map((name) => [name, trained.get(name)!]));
      const file = { _class_name: "MlpVae", ...(formatRecipe(recipe)["model"] as object) };
      await writeModel(folder, tensors, `${JSON.stringify(file, null, 2)}\n`);
    },
  };
}

/** The recipe's MLP with the layer names of the model that it resembles. */
export function mlpConfig(model: MlpRecipe): MlpVaeConfig {
  const { inputSize, hiddenSizes, latentSize, activation, sigma, initialization } = model;
  const isExample = hiddenSizes.length === 1;
  const numbered = (part: string): string[] => hiddenSizes.map((_, index) => `${part}.${index}`);
  return {
    inputSize,
    hiddenSizes,
    latentSize,
    activation,
    spread: sigma === "logvar" ? "logvar" : "logstd",
    initialization: initialization === "pytorch" ? "torch" : "glorot",
    names: isExample
      ? pytorchExamplesMlpVae.names
      : { ...iwaeMlpVae.names, encoder: numbered("encoder"), decoder: numbered("decoder") },
  };
}

function columnMeans({ data, shape }: Tensor<"float32">): Float64Array {
  const [rows, columns] = shape as [number, number];
  const means = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) means[i % columns]! += data[i]! / rows;
  return means;
}

/** The discriminator of a recipe; undefined where it has none. */
export function openDiscriminator(recipe: Recipe, channels: number) {
  const { adversarial } = recipe.loss;
  if (adversarial === null) return undefined;
  const config = {
    ...defaultPatchDiscriminatorConfig,
    inChannels: channels,
    baseChannels: adversarial.channels,
    layerCount: adversarial.layers,
    norm: adversarial.norm,
  };
  const layout = new ParameterLayout(patchDiscriminatorShapes(config));
  return {
    config,
    layout,
    /** @param pictures gives real ones, from which "actnorm" is set. */
    initialParameters: async (generator: BaseGenerator, pictures: () => Promise<Tensor<"float32">>) => {
      const drawn = initializePatchDiscriminator(config, generator);
      if (config.norm !== "actnorm") return layout.join(drawn);
      const runtime = new NodeRuntime({ device: "cpu" });
      try {
        return layout.join(await setActNorms(runtime, config, drawn, await pictures()));
      } finally {
        await runtime.dispose();
      }
    },
  };
}

/** Finds parameters among tensors in memory. */
export function inMemory(tensors: ReadonlyMap<string, Tensor>): FindParameter {
  return (name) => {
    const { dtype, shape, bytes } = tensors.get(name)!;
    return {
      name,
      dtype,
      shape,
      source: bytesInMemory(bytes, name),
      byteOffset: 0,
      byteLength: bytes.byteLength,
    };
  };
}

async function writeModel(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
  config: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeSafetensorsFile(join(folder, weightsFile), tensors, { format: "pt" });
  await writeFileAtomic(join(folder, "config.json"), config);
}
