/** Training in a program, on any runtime and without files: a recipe and pictures in memory. */
import { VaekitError } from "../errors.ts";
import { likelihoodFileName } from "../models/index.ts";
import { recipeForTensors, type Recipe, type TensorRecipe } from "../recipe/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  checkOptions,
  checkValue,
  optionKinds,
  type OptionKind,
  type OptionKinds,
} from "../util/check-options.ts";
import { encodeSafetensors } from "../weights/index.ts";
import { openTrainable } from "./classes/index.ts";
import { openDiscriminator } from "./discriminator.ts";
import { firstPictures, HandedBatches, sizeOf, type HandedData } from "./handed-data.ts";
import { freshTensors } from "./initial-tensors.ts";
import { measureScale } from "./measure-scale.ts";
import { measureScaling } from "./measure-scaling.ts";
import { planTraining } from "./plan.ts";
import { randomnessOf } from "./randomness.ts";
import type { ModelContent, TrainableModel } from "./trainable-model.ts";
import { TrainingEngine } from "./training-engine.ts";
import type { StepReport, WeightsKind } from "./training-plan.ts";

/** The options of {@link Trainer.fromRecipe}. */
export interface TrainerOptions {
  /** What is trained on. A tensor's examples are shuffled in each epoch, by the recipe's seed. */
  readonly data: HandedData;
}

/** What {@link Trainer.reconstruct} gives. */
export interface ReconstructedPictures {
  /**
   * The mode of the posterior, [N, L, h, w], or [N, L] of rows; neither scaled nor shifted. Of a model with a codebook, what is
   * quantised.
   */
  readonly latents: Tensor<"float32">;
  /** What is decoded of it, or of the rows nearest to it; of the pictures' shape. */
  readonly reconstruction: Tensor<"float32">;
}

const dataKind: OptionKind = {
  expected: "a vaekit Tensor of pictures, or a function that gives batches of them",
  fits: (value) => typeof value === "function" || value instanceof Tensor,
};

const trainerKinds: OptionKinds<TrainerOptions> = { data: dataKind };

/** By its methods: programs may have runtimes of their own. */
const runtimeKind: OptionKind = {
  expected: "a runtime, such as new NodeRuntime() or new WebRuntime(ort)",
  fits: (value) =>
    typeof value === "object" &&
    value !== null &&
    ["createSession", "createState"].every((name) => typeof Reflect.get(value, name) === "function"),
};

interface TrainerParts {
  readonly recipe: Recipe;
  readonly model: TrainableModel;
  readonly engine: TrainingEngine;
  readonly data: HandedBatches;
  readonly first: Tensor<"float32">;
  readonly totalSteps: number;
}

/** A training run in memory: no files, any runtime. The caller decides when a step is made. */
export class Trainer {
  /** What is trained, every default written out. */
  readonly recipe: Recipe;
  /** The length of the run in steps, which the schedules follow. */
  readonly totalSteps: number;
  /** How many numbers are trained. */
  readonly parameterCount: number;
  readonly #parts: TrainerParts;
  #before: Promise<unknown> = Promise.resolve();

  private constructor(parts: TrainerParts) {
    this.#parts = parts;
    this.recipe = parts.recipe;
    this.totalSteps = parts.totalSteps;
    this.parameterCount = parts.model.layout.size;
  }

  /**
   * A trainer of fresh weights.
   *
   * @param runtime what computes; it stays the caller's.
   * @param recipe a plain object with the keys of a recipe file, or a parsed recipe. `data` may be left out: the pictures are in
   *   `options`. A recipe for pictures in files is as good.
   * @throws INVALID_CONFIG on a wrong recipe; INVALID_ARGUMENT on pictures that do not fit it; UNSUPPORTED when it names weights in
   *   files.
   */
  static async fromRecipe(
    runtime: Runtime,
    recipe: Recipe | TensorRecipe,
    options: TrainerOptions,
  ): Promise<Trainer> {
    checkValue("Trainer.fromRecipe", runtime, runtimeKind);
    checkOptions("Trainer.fromRecipe", options, trainerKinds);
    checkValue("Trainer.fromRecipe: options", options, optionKinds.object);
    checkValue("Trainer.fromRecipe: data", options.data, dataKind);
    const first = await firstPictures(options.data);
    const complete = recipeForTensors(recipe, sizeOf(first), "Trainer.fromRecipe: recipe");
    const model = openTrainable(complete);
    const randomness = randomnessOf(complete);
    const { facts } = model;
    const data = new HandedBatches(options.data, first, complete, { facts, order: randomness.order });
    const totalSteps = lengthOf(complete, data.batchesPerEpoch);
    const discriminator = openDiscriminator(complete);
    const plan = planTraining(complete, { model, discriminator, weights: {}, totalSteps });
    const tensors = await freshTensors({
      plan,
      model,
      discriminator,
      generator: randomness.initialization,
      pictures: () => Promise.resolve(data.laidOut(first)),
      compute: (work) => work(runtime),
    });
    const engine = await TrainingEngine.create(runtime, plan, randomness, tensors);
    return new Trainer({ recipe: complete, model, engine, data, first, totalSteps });
  }

  /** Steps done. */
  get step(): number {
    return this.#parts.engine.step;
  }

  /**
   * One step: `accumulate` batches, one update of the weights. Calls wait for each other; more than `totalSteps` are possible.
   *
   * @returns the step's number and the terms of its loss.
   * @throws RUNTIME when a term of the loss is not finite; INVALID_ARGUMENT when a batch does not fit; DISPOSED.
   */
  advance(): Promise<StepReport> {
    const { engine, data } = this.#parts;
    return this.#inTurn(() => engine.advance((index) => data.batch(index)));
  }

  /**
   * The terms of the loss on pictures that are not trained on.
   *
   * @param pictures float [N, C, H, W] (or [N, D]) in the recipe's range.
   */
  async evaluate(pictures: Tensor): Promise<Record<string, number>> {
    const sample = this.#sampleOf(pictures, "evaluate");
    return this.#inTurn(() => this.#parts.engine.evaluate(sample, 0));
  }

  /**
   * The mode of the posterior of pictures, and what becomes of it: of the averaged weights where the recipe has an `ema`.
   *
   * @param pictures float [N, C, H, W] (or [N, D]) in the recipe's range.
   * @returns latents [N, L, h, w] (or [N, L]); the reconstruction, of the pictures' shape.
   */
  async reconstruct(pictures: Tensor): Promise<ReconstructedPictures> {
    const sample = this.#sampleOf(pictures, "reconstruct");
    const { latents, reconstruction } = await this.#inTurn(() =>
      this.#parts.engine.reconstruct(sample, this.#weights),
    );
    return { latents, reconstruction: reconstruction.reshape(pictures.shape) };
  }

  /**
   * Latents (of a model with a codebook, the rows nearest to them) to pictures, by the averaged weights where the recipe has an `ema`.
   *
   * @param latents float [N, L, h, w] (or [N, L]).
   * @returns pictures [N, C, H, W] (or [N, D]).
   */
  async decode(latents: Tensor): Promise<Tensor<"float32">> {
    checkTensor(latents, "Trainer.decode: latents");
    const { facts } = this.#parts.model;
    const rank = facts.layout === "rows" ? 2 : 4;
    const { shape } = latents;
    if (shape.length !== rank || shape[1] !== facts.latentChannels || shape.some((size) => size === 0)) {
      const expected = `[N, ${facts.latentChannels}${rank === 2 ? "" : ", h, w"}]`;
      const message = `Trainer.decode: latents: expected ${expected}, found ${formatShape(shape)}.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    return this.#inTurn(() => this.#parts.engine.decode(latents.toFloat32(), this.#weights));
  }

  /** Every parameter of the model, and of its pixels' scale, by its name, averaged where the recipe has an `ema`. @throws NOT_FINITE */
  async parameters(): Promise<Map<string, Tensor>> {
    const trained = await this.#inTurn(() => this.#parts.engine.parameters(this.#weights));
    const { tensors, likelihood } = this.#parts.model.content(trained);
    return new Map([...tensors, ...(likelihood?.tensors ?? [])]);
  }

  /**
   * The model as the files of a folder that `fromPretrained`, and diffusers, open: config.json and
   * diffusion_pytorch_model.safetensors, and of an AutoencoderKL with a likelihood likelihood.safetensors. The scaling of latents in config.json is what the training pictures measure, unless the
   * recipe keeps another.
   */
  async modelFiles(): Promise<Map<string, Uint8Array>> {
    const { config, tensors, likelihood } = await this.#inTurn(() => this.#content());
    const files = new Map([
      ["config.json", new TextEncoder().encode(config)],
      ["diffusion_pytorch_model.safetensors", joined(encodeSafetensors(tensors, { format: "pt" }))],
    ]);
    if (likelihood === undefined) return files;
    return files.set(likelihoodFileName, joined(encodeSafetensors(likelihood.tensors, likelihood.metadata)));
  }

  /** Frees what the training holds in the runtime, which stays open. Disposing twice does no harm. */
  dispose(): Promise<void> {
    return this.#parts.engine.dispose();
  }

  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #content(): Promise<ModelContent> {
    const { engine, model, data, first, recipe } = this.#parts;
    const trained = await engine.parameters(this.#weights);
    const kind = this.#weights;
    const scale = await measureScale(engine, { source: data.review(first), recipe, kind });
    if (model.latents?.calibration !== "replace") return model.content(trained, { scale });
    const factors = await measureScaling(engine, {
      channels: model.latents.channels,
      source: data.review(first),
      batchSize: recipe.batchSize,
      kind,
    });
    return model.content(trained, { factors, scale });
  }

  get #weights(): WeightsKind {
    return this.recipe.ema === null ? "raw" : "ema";
  }

  #sampleOf(pictures: unknown, call: string): Tensor<"float32"> {
    checkTensor(pictures, `Trainer.${call}: pictures`);
    return this.#parts.data.laidOut(pictures.toFloat32());
  }

  /** A step is several calls of the runtime, between which nothing else may happen. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#before.then(work);
    this.#before = result.catch(() => undefined);
    return result;
  }
}

function lengthOf({ steps, epochs, accumulate }: Recipe, batchesPerEpoch: number | undefined): number {
  if (steps !== null) return steps;
  if (batchesPerEpoch !== undefined) return Math.ceil((epochs! * batchesPerEpoch) / accumulate);
  throw new VaekitError(
    "INVALID_ARGUMENT",
    "Trainer.fromRecipe: epochs: a function of batches has no epochs. Write steps, or hand a tensor over.",
  );
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
