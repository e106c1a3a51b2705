/**
 * The training loop's engine: sessions for the step's graphs, the state that they work on, and the numbers that
 * change from step to step. It knows neither recipes nor data sets.
 */
import { InternalError } from "../errors.ts";
import { hasScale, withFixedScale } from "../models/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { formatShape, sizeOf, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { codebookPrefix } from "./codebook/follow.ts";
import { GraphSessions } from "./graph-sessions.ts";
import { buildLogWeightSum, buildSquaredErrors, likelihoodNoiseShape } from "./graphs/likelihood.ts";
import { buildDecoding, buildReconstruction } from "./graphs/reconstruction.ts";
import { stateNames } from "./graphs/update.ts";
import { combineLogSums, type PictureLikelihood } from "./losses/index.ts";
import { autoencoderGraph, discriminatorGraph, noiseShape, number, optimizerInputs } from "./plan-graphs.ts";
import type { TrainingRandomness } from "./randomness.ts";
import { StateVectors } from "./state-vectors.ts";
import { checkFinite, checkFiniteTensors, StepTerms } from "./terms.ts";
import type { StepReport, TrainingPlan, WeightsKind } from "./training-plan.ts";
import { hasCodebook, hasPosterior } from "./vae-network.ts";

/** Rows of latents that are decoded at once for a likelihood: tens of megabytes for MNIST. */
const rowsAtOnce = 10_000;
/** Values of pictures that are decoded at once: their inner layers have tens of times as many. */
const valuesAtOnce = 2 ** 20;

/** How many pictures are decoded at once for a likelihood. */
const decodedAtOnce = (sample: Shape): number =>
  sample.length === 2 ? rowsAtOnce : Math.floor(valuesAtOnce / sizeOf(sample.slice(1)));

interface LikelihoodOptions {
  readonly sampleCount: number;
  readonly weights: WeightsKind;
  readonly scale?: number | undefined;
}

/** What a model makes of a batch. */
export interface Reconstruction {
  readonly latents: Tensor<"float32">;
  readonly reconstruction: Tensor<"float32">;
  /** How often each row of the codebook was used, [rows]; undefined where there is none. */
  readonly rowUses?: Tensor<"float32">;
}

export class TrainingEngine {
  readonly #plan: TrainingPlan;
  readonly #randomness: TrainingRandomness;
  readonly #vectors: StateVectors;
  readonly #sessions: GraphSessions;
  #step: number;
  #batches: number;
  #pictureShape: string | undefined;
  /** The step under way. One that could not have a batch goes on with it, since the state holds the others' gradients. */
  #gathered = { terms: new StepTerms(), batches: 0 };

  private constructor(
    runtime: Runtime,
    plan: TrainingPlan,
    randomness: TrainingRandomness,
    vectors: StateVectors,
    progress: { readonly step: number; readonly batches: number },
  ) {
    this.#sessions = new GraphSessions(runtime, vectors.state);
    this.#plan = plan;
    this.#randomness = randomness;
    this.#vectors = vectors;
    this.#step = progress.step;
    this.#batches = progress.batches;
  }

  /**
   * @param tensors the state's tensors: `initialTensors` of fresh weights, or those of a checkpoint.
   * @param progress how far they have been trained.
   */
  static async create(
    runtime: Runtime,
    plan: TrainingPlan,
    randomness: TrainingRandomness,
    tensors: ReadonlyMap<string, Tensor>,
    progress = { step: 0, batches: 0 },
  ): Promise<TrainingEngine> {
    const { layout, adversarial } = plan;
    const layouts = new Map([["", layout]]);
    if (adversarial !== undefined) layouts.set("discriminator.", adversarial.layout);
    const average = hasCodebook(plan.network) ? plan.network.codebook.average : undefined;
    if (average !== undefined) layouts.set(codebookPrefix, average.layout);
    const vectors = await StateVectors.create(runtime, tensors, layouts);
    return new TrainingEngine(runtime, plan, randomness, vectors, progress);
  }

  /** Updates done. */
  get step(): number {
    return this.#step;
  }

  /** Batches used: the number of the next one. */
  get batches(): number {
    return this.#batches;
  }

  /**
   * One update of the autoencoder, and of the discriminator once it takes part.
   *
   * @param batch gives batch `index` of the data.
   * @throws RUNTIME when a term of the loss is not finite, with its name. The state is then not worth keeping.
   */
  async advance(batch: (index: number) => Promise<Tensor<"float32">>): Promise<StepReport> {
    const { accumulate, optimizer, learningRateFactor, klWeight, adversarial } = this.#plan;
    const hasAdversary = adversarial !== undefined && this.#step >= adversarial.startStep;
    const factor = learningRateFactor(this.#step);
    const gathered = this.#gathered;
    while (gathered.batches < accumulate) {
      const phase = gathered.batches === accumulate - 1 ? "update" : "accumulate";
      const sample = await batch(this.#batches);
      await this.#forgetOtherSizes(sample.shape);
      const { sample_reconstruction: reconstruction, ...terms } = await this.#sessions.run(
        `autoencoder ${phase} ${formatShape(sample.shape)} ${hasAdversary}`,
        () => autoencoderGraph(this.#plan, sample.shape, phase, hasAdversary),
        {
          sample,
          ...this.#noise(sample, (shape) => this.#randomness.noise(this.#batches, shape)),
          kl_weight: number(klWeight(this.#step)),
          ...optimizerInputs(this.#plan, "", optimizer.learningRate * factor, this.#step + 1),
        },
      );
      gathered.terms.add(terms);
      if (hasAdversary && reconstruction !== undefined) {
        const discriminatorTerms = await this.#sessions.run(
          `discriminator ${phase} ${formatShape(sample.shape)}`,
          () => discriminatorGraph(this.#plan, sample.shape, phase),
          {
            sample,
            reconstruction,
            ...optimizerInputs(
              this.#plan,
              "discriminator.",
              adversarial.learningRate * factor,
              this.#step + 1 - adversarial.startStep,
            ),
          },
        );
        gathered.terms.add(discriminatorTerms);
      }
      gathered.batches++;
      this.#batches++;
    }
    const terms = gathered.terms.means(accumulate);
    this.#gathered = { terms: new StepTerms(), batches: 0 };
    checkFinite(terms, this.#step + 1);
    const report = { learningRate: optimizer.learningRate * factor, klWeight: klWeight(this.#step), terms };
    return { step: ++this.#step, ...report };
  }

  /** The objective's terms on a batch that is not trained on. */
  async evaluate(sample: Tensor<"float32">, index: number): Promise<Record<string, number>> {
    const noise = this.#noise(sample, (shape) => this.#randomness.validationNoise(this.#step, index, shape));
    const results = await this.#sessions.run(
      `evaluate ${formatShape(sample.shape)}`,
      () => autoencoderGraph(this.#plan, sample.shape, "evaluate", false),
      { sample, ...noise, kl_weight: number(this.#plan.klWeight(this.#step)) },
    );
    const terms = Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]),
    );
    checkFinite(terms, this.#step);
    return terms;
  }

  /**
   * -log p(x) of each picture in nats, estimated from `sampleCount` samples of its posterior: an upper bound in the
   * mean, tighter with more samples. For models with a likelihood, or whose decoder gives logits, on pictures of 0 and 1.
   *
   * @param index the batch's number, which decides its noise.
   * @param options.scale of {@link measureScale}, where the likelihood's is of each batch.
   * @see Burda, Grosse & Salakhutdinov 2016, Importance Weighted Autoencoders, section 5
   */
  async negativeLogLikelihood(
    sample: Tensor<"float32">,
    index: number,
    { sampleCount, weights, scale }: LikelihoodOptions,
  ): Promise<Float64Array> {
    const { network, objective } = this.#plan;
    const sampleShape = sample.shape;
    const partSize = Math.max(1, Math.floor(decodedAtOnce(sampleShape) / sampleShape[0]!));
    const likelihood = withMeasured(objective.likelihood, scale);
    const parts: Float32Array[] = [];
    for (let start = 0; start < sampleCount; start += partSize) {
      const count = Math.min(partSize, sampleCount - start);
      const stateName = stateNameOf(weights);
      const { log_sum: logSum } = await this.#sessions.run(
        `likelihood ${weights} ${count} ${scale ?? ""} ${formatShape(sampleShape)}`,
        () => buildLogWeightSum({ ...this.#plan, likelihood, stateName, sampleShape, sampleCount: count }),
        {
          sample,
          noise: this.#randomness.likelihoodNoise(
            index,
            parts.length,
            likelihoodNoiseShape(network, sampleShape, count),
          ),
        },
      );
      parts.push(float32(logSum).data);
    }
    return combineLogSums(parts, sampleCount);
  }

  /** The squared errors of a batch, summed over each picture, [N]: of one sample of each posterior. @param index decides its noise. */
  async squaredErrors(
    sample: Tensor<"float32">,
    index: number,
    weights: WeightsKind,
  ): Promise<Tensor<"float32">> {
    const sampleShape = sample.shape;
    const { errors } = await this.#sessions.run(
      `errors ${weights} ${formatShape(sampleShape)}`,
      () => buildSquaredErrors({ ...this.#plan, stateName: stateNameOf(weights), sampleShape }),
      {
        sample,
        noise: this.#randomness.likelihoodNoise(index, 0, this.#plan.network.latentShape(sampleShape)),
      },
    );
    return float32(errors);
  }

  /** The latents of a batch, the mode of its posterior, what is quantised or a teacher's, and its reconstruction. */
  async reconstruct(sample: Tensor<"float32">, weights: WeightsKind): Promise<Reconstruction> {
    const {
      latents,
      reconstruction,
      row_uses: rowUses,
    } = await this.#sessions.run(
      `reconstruct ${weights} ${formatShape(sample.shape)}`,
      () =>
        buildReconstruction({ ...this.#plan, stateName: stateNameOf(weights), sampleShape: sample.shape }),
      { sample },
    );
    const results = { latents: float32(latents), reconstruction: float32(reconstruction) };
    checkFiniteTensors(Object.entries(results), this.#step);
    return rowUses === undefined ? results : { ...results, rowUses: float32(rowUses) };
  }

  /** Decodes latents. */
  async decode(latents: Tensor<"float32">, weights: WeightsKind): Promise<Tensor<"float32">> {
    const { reconstruction } = await this.#sessions.run(
      `decode ${weights} ${formatShape(latents.shape)}`,
      () => buildDecoding({ ...this.#plan, stateName: stateNameOf(weights), latentShape: latents.shape }),
      { latents },
    );
    const result = float32(reconstruction);
    checkFiniteTensors([["reconstruction", result]], this.#step);
    return result;
  }

  /** Every tensor that a checkpoint needs. @throws NOT_FINITE when one of them is not worth keeping. */
  async tensors(): Promise<Map<string, Tensor>> {
    const tensors = await this.#vectors.read();
    checkFiniteTensors(tensors, this.#step);
    return tensors;
  }

  /** The trained parameters by name. */
  async parameters(weights: WeightsKind): Promise<Map<string, Tensor<"float32">>> {
    const name = stateNameOf(weights);
    const vectors = await this.#vectors.read([name]);
    return this.#plan.layout.split(float32(vectors.get(name)));
  }

  async dispose(): Promise<void> {
    await this.#sessions.dispose();
    await this.#vectors.dispose();
  }

  /** Nothing is drawn for a model whose latents are rows of a codebook, or a teacher's. */
  #noise(
    sample: Tensor<"float32">,
    draw: (shape: Shape) => Tensor<"float32">,
  ): { noise?: Tensor<"float32"> } {
    return hasPosterior(this.#plan.network) ? { noise: draw(noiseShape(this.#plan, sample.shape)) } : {};
  }

  /** Pictures of another size come to stay: the sessions of the former size go, and their memory with them. */
  async #forgetOtherSizes(sample: Shape): Promise<void> {
    const pictureShape = formatShape(sample.slice(1));
    if (this.#pictureShape !== undefined && this.#pictureShape !== pictureShape)
      await this.#sessions.forget();
    this.#pictureShape = pictureShape;
  }
}

/** The likelihood with the scale that was measured, where that is of each batch. */
function withMeasured(
  likelihood: PictureLikelihood | undefined,
  scale: number | undefined,
): PictureLikelihood | undefined {
  if (likelihood === undefined || scale === undefined || !hasScale(likelihood)) return likelihood;
  return { ...withFixedScale(likelihood, scale), range: likelihood.range };
}

const stateNameOf = (weights: WeightsKind): string =>
  weights === "raw" ? stateNames("").parameters : stateNames("").average;

function float32(tensor: Tensor | undefined): Tensor<"float32"> {
  if (tensor?.dtype !== "float32") throw new InternalError("a graph's output is not float32");
  return tensor as Tensor<"float32">;
}
